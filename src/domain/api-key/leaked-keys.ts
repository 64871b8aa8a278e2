import { In, IsNull } from "typeorm";
import type { AccessNotifier } from "../../auth/access-notifier";
import type { Database } from "../../platform/database/database";
import type { AuditLog, Origin } from "../audit/audit-log";
import { AuditTrail } from "../audit/audit-trail";
import { ApiKey } from "./api-key.entity";
import { auditedRevocation } from "./audited-key";
import { digestOf, isWellFormed } from "./secret";

const revokedBy = "report of a leak";

/** Revokes keys whose secrets somebody has found where they must not be. Whoever has a secret may end its use. */
export class LeakedKeys {
  /** @param db must not be occupied by what callers do */
  constructor(
    private readonly db: Database,
    private readonly auditLog: AuditLog,
    private readonly accessNotifier: AccessNotifier,
  ) {}

  /** Secrets of no key, and those of revoked keys, are left alone. */
  async revoke(secrets: readonly string[], origin: Origin): Promise<void> {
    const digests = [...new Set(secrets)].filter(isWellFormed).map(digestOf);
    if (digests.length === 0) return;
    const trail = new AuditTrail(this.auditLog, { kind: "SERVER", id: null, name: revokedBy }, origin);
    const revokedReason = "Its secret was reported as leaked.";
    const revocation = { revokedAt: new Date(), revokedBy, revokedReason, revokedRuns: "CANCEL" } as const;
    const revoked = await this.db.transaction(async (manager) => {
      const where = { digest: In(digests), revokedAt: IsNull() };
      const keys = await this.db.lockMany(manager, ApiKey, { where, order: { id: "ASC" } });
      if (keys.length > 0) await manager.update(ApiKey, { id: In(keys.map(({ id }) => id)) }, revocation);
      for (const key of keys) trail.record(manager, "REVOKE_API_KEY", auditedRevocation(key, revocation));
      return keys;
    });
    for (const { id } of revoked) await this.accessNotifier.notify({ keyId: id });
  }
}
