import type { AuditedFields } from "../audit/audited-fields";
import type { AuditedAction } from "../audit/audit-log";
import type { Scope } from "./scope.entity";

/** The fields of a scope in the audit log. */
export const auditedScope = ({
  name,
  description,
  tags,
  allowedAddresses,
  permissions,
  limits,
}: Scope): AuditedFields => ({
  name,
  description,
  tags,
  allowedAddresses,
  ...permissions,
  ...limits,
});

export const auditedUpdate = (before: Scope, after: Scope): AuditedAction => ({
  appId: after.appId,
  target: after,
  before: auditedScope(before),
  after: auditedScope(after),
});
