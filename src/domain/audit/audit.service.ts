import { And, type FindOptionsWhere, LessThan, MoreThanOrEqual } from "typeorm";
import { type Caller, canReach, reachableApps } from "../../auth/caller";
import { badInput, notFound } from "../../errors";
import type { Database } from "../../platform/database/database";
import { idAt } from "../../platform/database/ids";
import { pageOf } from "../../platform/database/page-loader";
import type { Page } from "../../platform/database/pages";
import type { SignatureVerifier } from "../../platform/secrets/signing-keys";
import type { PageArgs } from "../../schema-types/pages";
import { AuditEntry } from "./audit-entry.entity";
import { serverChain } from "./audit-head.entity";
import type { AuditFilter, AuditVerification } from "./audit.input";
import { AuditSource } from "./audit-source";
import { verifyPart } from "./partial-verification";

export class AuditService {
  constructor(
    private readonly db: Database,
    private readonly caller: Caller,
    private readonly keys: SignatureVerifier,
  ) {}

  /** The entries of an app, also of a deleted one; without an app, those of what is above apps. */
  async list(appId: string | null | undefined, filter: AuditFilter | null, page: PageArgs): Promise<Page<AuditEntry>> {
    const where = { chainId: this.chainOf(appId), ...whereOf(filter ?? {}) };
    return pageOf(this.db, AuditEntry, where, page, "DESC");
  }

  /** Verifies the next entries of a chain. */
  async verify(appId: string | null | undefined, after: number): Promise<AuditVerification> {
    const chainId = this.chainOf(appId);
    const source = new AuditSource(this.db);
    const head = await source.headOf(chainId);
    const last = head?.sequence ?? (await source.lastSequence(chainId));
    if (after < 0 || after > last) throw badInput({ field: "after", message: `must be from 0 to ${last}` });
    if (!head) {
      const fault = last > 0 ? { sequence: 1, problem: "the head of the chain was removed" } : null;
      return { verifiedUpTo: 0, lastSequence: last, fault };
    }
    let found = await verifyPart(source, this.keys, head, after);
    const now = found.fault && (await source.headOf(chainId));
    // Retention has deleted entries meanwhile.
    if (now && now.baseSequence !== head.baseSequence) found = await verifyPart(source, this.keys, now, after);
    return { ...found, fault: found.fault ?? null };
  }

  private chainOf(appId: string | null | undefined): string {
    if (appId == null && reachableApps(this.caller))
      throw badInput({ field: "appId", message: "must name the app, as you are confined to apps" });
    if (appId != null && !canReach(this.caller, appId)) throw notFound("app");
    return appId ?? serverChain;
  }
}

/** Each of the first three has an index of its own, which would not serve two of them. */
function whereOf({
  action,
  actorId,
  targetId,
  createdAfter,
  createdBefore,
}: AuditFilter): FindOptionsWhere<AuditEntry> {
  if ([action, actorId, targetId].filter((value) => value != null).length > 1)
    throw badInput({ field: "filter", message: "must have at most one of `action`, `actorId` and `targetId`" });
  const bounds = [
    ...(createdAfter ? [MoreThanOrEqual(idAt(createdAfter.getTime() + 1))] : []),
    ...(createdBefore ? [LessThan(idAt(createdBefore.getTime()))] : []),
  ];
  return {
    ...(action != null && { action }),
    ...(actorId != null && { actorId }),
    ...(targetId != null && { targetId }),
    ...(bounds.length > 0 && { id: And(...bounds) }),
  };
}
