import type { Keyring } from "../../platform/secrets/keyring";
import type { SigningKeys } from "../../platform/secrets/signing-keys";

/** The keys that sign the audit log: they are derived from the keys for secrets, so each instance has the same. */
export const auditKeysOf = (keyring: Keyring): SigningKeys => keyring.signingKeys("the audit log");
