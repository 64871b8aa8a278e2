import type { AuditedFields } from "../audit/audited-fields";
import type { AuditedAction } from "../audit/audit-log";
import type { ApiKey } from "./api-key.entity";

/** The fields of a key in the audit log. */
export const auditedKey = (apiKey: ApiKey): AuditedFields => {
  const { scopeId, name, hint, description, owner, environment, tags, allowedAddresses, limits } = apiKey;
  const { predecessorId, successorId, revokesAt, tripwire } = apiKey;
  return {
    ...{ scopeId, name, hint, description, owner, environment, tags, allowedAddresses, ...limits },
    ...{ predecessorId, successorId, revokesAt, tripwire },
  };
};

export const auditedNewKey = (apiKey: ApiKey): AuditedAction => ({
  appId: apiKey.appId,
  target: apiKey,
  after: auditedKey(apiKey),
});

export const auditedUpdate = (before: ApiKey, after: ApiKey): AuditedAction => ({
  appId: after.appId,
  target: after,
  before: auditedKey(before),
  after: auditedKey(after),
});

/** A revocation, or that of the runs of a key that was revoked before. */
export const auditedRevocation = (before: ApiKey, after: Revocation): AuditedAction => ({
  appId: before.appId,
  target: before,
  before: revocationOf(before),
  after: revocationOf(after),
});

/** The columns that a revocation writes. */
export type Revocation = Pick<ApiKey, "revokedAt" | "revokedBy" | "revokedReason" | "revokedRuns">;

const revocationOf = ({ revokedAt, revokedBy, revokedReason, revokedRuns }: Revocation): AuditedFields => ({
  revokedAt,
  revokedBy,
  revokedReason,
  revokedRuns,
});
