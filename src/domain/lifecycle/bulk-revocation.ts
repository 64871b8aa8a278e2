import { type FindOptionsWhere, In, IsNull } from "typeorm";
import type { AccessNotifier } from "../../auth/access-notifier";
import { type Caller, canReach } from "../../auth/caller";
import { badInput, notFound } from "../../errors";
import type { Database } from "../../platform/database/database";
import { ApiKey } from "../api-key/api-key.entity";
import { whereOf } from "../api-key/api-key-filter";
import { noteEndedKeys } from "../api-key/ended-keys";
import { auditedRevocation } from "../api-key/audited-key";
import type { AuditTrail } from "../audit/audit-trail";
import { appFilter } from "../app/app-filter";
import { App } from "../app/app.entity";
import { Run, unfinished } from "../run/run.entity";
import type { RevokeApiKeysInput, RevokeApiKeysPayload } from "./bulk-revocation.input";

/** The maximum number of keys that one mutation revokes. */
const maxKeys = 10_000;
/** Keys per statement and transaction, so that nothing else waits long for the database. */
const batchSize = 250;
const maxShown = 200;

type Found = Pick<ApiKey, "id" | "appId" | "lastUsedAt">;

/** Revokes many keys, in batches: if it is interrupted, the keys that it has come to are revoked, and it can be repeated. */
export class BulkRevocation {
  constructor(
    private readonly db: Database,
    private readonly caller: Caller,
    private readonly accessNotifier: AccessNotifier,
    private readonly audit: AuditTrail,
  ) {}

  /** @throws BAD_USER_INPUT if the input names no keys, or too many */
  async revoke(input: RevokeApiKeysInput): Promise<RevokeApiKeysPayload> {
    await noteEndedKeys(this.db);
    const found = await this.find(await this.conditionOf(input));
    const ids = found.map(({ id }) => id);
    // Before they are revoked, as they have neither streams nor runs afterwards.
    const streamsEnded = this.accessNotifier.countStreams(new Set(ids));
    const runsCancelled = input.runs === "CANCEL" ? await this.countRuns(ids) : 0;
    const refusedFrom = input.dryRun ? null : await this.revokeAll(found, input);
    const shown = await this.db.read.findBy(ApiKey, { id: In(ids.slice(0, maxShown)) });
    const payload = {
      count: found.length,
      keys: shown.sort((one, other) => (one.id < other.id ? 1 : -1)),
      lastUses: found.map(({ lastUsedAt }) => lastUsedAt),
      ...{ streamsEnded, runsCancelled, refusedFrom },
    };
    return payload as unknown as RevokeApiKeysPayload;
  }

  private async conditionOf({ ids, filter, appId }: RevokeApiKeysInput): Promise<FindOptionsWhere<ApiKey>> {
    if ((ids == null) === (filter == null))
      throw badInput({ field: "input", message: "must have exactly one of `ids` and `filter`" });
    if (ids != null) return { id: In(ids), ...appFilter(this.caller) };
    const { scopeId, ...fields } = filter ?? {};
    if (Object.values({ scopeId, ...fields }).every((value) => value == null))
      throw badInput({ field: "input.filter", message: "must have a field" });
    if (appId == null) throw badInput({ field: "input.appId", message: "must name the app that the filter is for" });
    const exists = await this.db.read.existsBy(App, { id: appId, deletedAt: IsNull() });
    if (!exists || !canReach(this.caller, appId)) throw notFound("app");
    return { appId, ...(scopeId != null && { scopeId }), ...whereOf(appId, fields) };
  }

  /** Newest first. */
  private async find(condition: FindOptionsWhere<ApiKey>): Promise<Found[]> {
    const found = await this.db.read.find(ApiKey, {
      where: { ...condition, revokedAt: IsNull() },
      select: { id: true, appId: true, lastUsedAt: true },
      order: { id: "DESC" },
      take: maxKeys + 1,
    });
    if (found.length > maxKeys)
      throw badInput({ field: "input.filter", message: `must match at most ${maxKeys.toLocaleString("en")} keys` });
    return found;
  }

  private async countRuns(keyIds: readonly string[]): Promise<number> {
    let runs = 0;
    for (const ids of batches(keyIds)) {
      runs += await this.db.read.countBy(Run, { apiKeyId: In(ids), status: In([...unfinished]) });
    }
    return runs;
  }

  /** @returns when the last of them was revoked */
  private async revokeAll(found: readonly Found[], { runs, reason }: RevokeApiKeysInput): Promise<Date> {
    let revokedAt = new Date();
    for (const ids of batches(found.map(({ id }) => id))) {
      revokedAt = new Date();
      const revocation = { revokedAt, revokedBy: this.caller.name, revokedReason: reason ?? null, revokedRuns: runs };
      await this.db.transaction(async (manager) => {
        const active = { id: In(ids), revokedAt: IsNull() };
        const keys = await this.db.lockMany(manager, ApiKey, { where: active, order: { id: "ASC" } });
        await manager.update(ApiKey, active, revocation);
        for (const key of keys) this.audit.record(manager, "REVOKE_API_KEY", auditedRevocation(key, revocation));
      });
    }
    const apps = new Set(found.map(({ appId }) => appId));
    await Promise.all([...apps].map((appId) => this.accessNotifier.notify({ appId })));
    return revokedAt;
  }
}

function* batches(ids: readonly string[]): Generator<string[]> {
  for (let from = 0; from < ids.length; from += batchSize) yield ids.slice(from, from + batchSize);
}
