import type { AdminCaller } from "../../auth/caller";
import { grantsOfRole } from "../../auth/permissions";
import type { Administrator } from "./administrator.entity";

/** The caller that an administrator is now. */
export const callerOf = ({ id, name, role, appIds, keyVersion }: Administrator): AdminCaller => ({
  kind: "ADMIN",
  name,
  granted: grantsOfRole(role, appIds !== null),
  role,
  appIds,
  identity: { administratorId: id, keyVersion },
  endsAt: null,
});
