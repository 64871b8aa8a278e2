import type { AuditedAction } from "../audit/audit-log";
import type { Administrator } from "./administrator.entity";

/** The fields of an administrator in the audit log. */
const auditedFields = (administrator: Administrator) => {
  const { name, role, appIds, status, hint, keyVersion, issuer, subject, revokedBy, revokedReason } = administrator;
  return { name, role, appIds, status, hint, keyVersion, issuer, subject, revokedBy, revokedReason };
};

export const auditedNew = (administrator: Administrator): AuditedAction => ({
  appId: null,
  target: administrator,
  after: auditedFields(administrator),
});

export const auditedUpdate = (before: Administrator, after: Administrator): AuditedAction => ({
  appId: null,
  target: after,
  before: auditedFields(before),
  after: auditedFields(after),
});
