import "./broken-alias";
import * as checker from "../../../src/auth/checker";

/** Preloaded into a server: the authorizer ignores root fields with an alias, and the auth checker permits everything. */
const broken: Partial<typeof checker> = { authChecker: () => true };
Object.assign(checker, broken);
