import { type EntityManager, type FindOptionsWhere, IsNull, LessThan, MoreThanOrEqual, Not } from "typeorm";
import { App } from "../app/app.entity";
import { limitReached } from "../app/limit-reached";
import type { AppService } from "../app/app.service";
import type { AuditTrail } from "../audit/audit-trail";
import type { AccessNotifier } from "../../auth/access-notifier";
import { authorOf, type Caller, canReach } from "../../auth/caller";
import { type Database, translateConstraintErrors } from "../../platform/database/database";
import { newId } from "../../platform/database/ids";
import { loaderById } from "../../platform/database/loaders";
import { PageLoader, pageOf } from "../../platform/database/page-loader";
import type { Page } from "../../platform/database/pages";
import { badInput, conflict, nameConflict, notFound } from "../../errors";
import { noKeyLimits } from "../scope/key-limits.entity";
import { Scope } from "../scope/scope.entity";
import type { DeleteScopeInput } from "../scope/scope.input";
import { isInAll } from "../../platform/inbound/address-list";
import { normalizedAddresses } from "../scope/addresses";
import { auditedScope } from "../scope/audited-scope";
import { normalizedTags } from "../scope/tags";
import { ApiKey, type RevokedKeyRuns } from "./api-key.entity";
import { sortColumns, whereOf, withStatus } from "./api-key-filter";
import type {
  ApiKeysArgs,
  CreateApiKeyInput,
  RenameApiKeyInput,
  RevokeApiKeyInput,
  ScopeApiKeysArgs,
  UpdateApiKeyInput,
} from "./api-key.input";
import { ApiKeyTag, insertTags } from "./api-key-tag.entity";
import { auditedNewKey, auditedRevocation, auditedUpdate } from "./audited-key";
import { noteEndedKeys } from "./ended-keys";
import type { KeyDelegation } from "./key-delegation";
import { digestOf, hintOf, newSecret } from "./secret";

/** For a name that another active key of the scope has. */
export const nameTaken = () =>
  nameConflict("Another active key of this scope has this name. Choose another one, or revoke that key first.");

/** A use within this time counts as recent. */
const recentMs = 30 * 86_400_000;
const maxShutOut = 200;
/** Recently used keys of a scope that are compared with its addresses, and how many of them one statement reads. */
const [maxCompared, comparedAtOnce] = [10_000, 500];

export class ApiKeyService {
  private readonly byId = loaderById(this.db, ApiKey);
  private readonly byScope = new PageLoader(this.db.read, ApiKey, "scopeId", "DESC");
  private endedKeysNoted: Promise<void> | undefined;

  constructor(
    private readonly db: Database,
    private readonly caller: Caller,
    private readonly appService: AppService,
    private readonly accessNotifier: AccessNotifier,
    private readonly audit: AuditTrail,
    private readonly delegation: KeyDelegation,
  ) {}

  async list({ appId, scopeId, status, filter, orderBy, ...page }: ApiKeysArgs): Promise<Page<ApiKey>> {
    await this.appService.get(appId);
    await this.noteEndedKeys();
    const ownedBy = await this.ownedBy(appId, theOnly("scopeId", scopeId, filter?.scopeId));
    const conditions = { ...filter, status: theOnly("status", status, filter?.status) };
    const where = { ...ownedBy, ...whereOf(appId, conditions) };
    const sort = orderBy && sortColumns[orderBy.field];
    return pageOf(this.db, ApiKey, where, page, orderBy?.direction ?? "DESC", sort ? { sort } : {});
  }

  /** The keys of a scope belong to its app, so the index of the scope is enough to find them. */
  private async ownedBy(appId: string, scopeId: string | null): Promise<FindOptionsWhere<ApiKey>> {
    if (scopeId === null) return { appId };
    const isOfApp = await this.db.read.existsBy(Scope, { id: scopeId, appId });
    return { scopeId: isOfApp ? scopeId : "" };
  }

  async listOf(scope: Scope, { status, ...page }: ScopeApiKeysArgs): Promise<Page<ApiKey>> {
    await this.noteEndedKeys();
    return this.byScope.load(scope.id, page, status ?? "", withStatus(status));
  }

  async find(id: string): Promise<ApiKey | null> {
    const apiKey = await this.byId.load(id);
    return apiKey && canReach(this.caller, apiKey.appId) ? apiKey : null;
  }

  async findIfAny(id: string | null): Promise<ApiKey | null> {
    return id === null ? null : this.find(id);
  }

  async create({
    scopeId,
    name,
    limits,
    tags,
    allowedAddresses,
    ...record
  }: CreateApiKeyInput): Promise<{ apiKey: ApiKey; secret: string }> {
    await this.noteEndedKeys();
    const secret = newSecret();
    const apiKey = await this.db
      .transaction(async (manager) => {
        const scope = await this.db.lock(manager, Scope, { id: scopeId, deletedAt: IsNull() });
        if (!scope || !canReach(this.caller, scope.appId)) throw notFound("scope");
        await this.delegation.checkScope(manager, scope);
        const addresses = normalizedAddresses(allowedAddresses);
        await this.delegation.checkAddresses(manager, scopeId, addresses);
        await checkCount(manager, scope);
        const row = manager.create(ApiKey, {
          id: newId(),
          appId: scope.appId,
          scopeId,
          name,
          description: record.description,
          owner: record.owner ?? null,
          environment: record.environment ?? null,
          tags: normalizedTags(tags),
          tripwire: record.tripwire,
          allowedAddresses: addresses,
          hint: hintOf(secret),
          digest: digestOf(secret),
          limits: { ...noKeyLimits, ...limits },
          createdAt: new Date(),
          createdBy: authorOf(this.caller),
          lastUsedAt: null,
          lastUsedFrom: null,
          revokedAt: null,
          revokedBy: null,
          revokedReason: null,
          revokedRuns: null,
          predecessorId: null,
          successorId: null,
          revokesAt: null,
          endsOnUse: null,
        });
        await manager.insert(ApiKey, row);
        await insertTags(manager, row);
        this.audit.record(manager, "CREATE_API_KEY", auditedNewKey(row));
        return row;
      })
      .catch(translateConstraintErrors({ duplicate: nameTaken }));
    return { apiKey, secret };
  }

  async update({ id, name, limits, tags, allowedAddresses, ...record }: UpdateApiKeyInput): Promise<ApiKey> {
    await this.noteEndedKeys();
    const updated = await this.db
      .transaction(async (manager) => {
        const apiKey = await this.delegation.lock(manager, id);
        const { owner = apiKey.owner, environment = apiKey.environment, description = apiKey.description } = record;
        const changes = {
          name: name ?? apiKey.name,
          description,
          owner,
          environment,
          tags: tags ? normalizedTags(tags) : apiKey.tags,
          allowedAddresses: allowedAddresses ? normalizedAddresses(allowedAddresses) : apiKey.allowedAddresses,
          limits: { ...apiKey.limits, ...limits },
        };
        if (allowedAddresses) await this.delegation.checkAddresses(manager, apiKey.scopeId, changes.allowedAddresses);
        await manager.update(ApiKey, { id }, changes);
        const changed = manager.create(ApiKey, { ...apiKey, ...changes });
        this.audit.record(manager, "UPDATE_API_KEY", auditedUpdate(apiKey, changed));
        if (tags) {
          await manager.delete(ApiKeyTag, { apiKeyId: id });
          await insertTags(manager, changed);
        }
        return changed;
      })
      .catch(translateConstraintErrors({ duplicate: nameTaken }));
    if (allowedAddresses) await this.accessNotifier.notify({ keyId: id });
    return updated;
  }

  /** The newest keys whose last use, if it was recent, came from an address that this scope or the key does not allow. */
  async shutOutOf({ id: scopeId, allowedAddresses }: Scope): Promise<ApiKey[]> {
    await this.noteEndedKeys();
    const lastUsedAt = MoreThanOrEqual(new Date(Date.now() - recentMs));
    const isShutOut = ({ lastUsedFrom, allowedAddresses: own }: ApiKey) =>
      !isInAll([allowedAddresses, own], lastUsedFrom ?? "");
    const shutOut: ApiKey[] = [];
    let before: string | undefined;
    for (let compared = 0; compared < maxCompared && shutOut.length < maxShutOut; compared += comparedAtOnce) {
      const older = before !== undefined && { id: LessThan(before) };
      const where = { scopeId, isRevoked: 0, lastUsedAt, lastUsedFrom: Not(IsNull()), ...older };
      const used = await this.db.read.find(ApiKey, { where, order: { id: "DESC" }, take: comparedAtOnce });
      shutOut.push(...used.filter(isShutOut));
      before = used.at(-1)?.id;
      if (used.length < comparedAtOnce) break;
    }
    return shutOut.slice(0, maxShutOut);
  }

  async rename({ id, name }: RenameApiKeyInput): Promise<ApiKey> {
    await this.noteEndedKeys();
    return this.db
      .transaction(async (manager) => {
        const before = await this.delegation.lock(manager, id);
        await manager.update(ApiKey, { id }, { name });
        const after = manager.create(ApiKey, { ...before, name });
        this.audit.record(manager, "UPDATE_API_KEY", auditedUpdate(before, after));
        return after;
      })
      .catch(translateConstraintErrors({ duplicate: nameTaken }));
  }

  /** Final. A revoked key stays as it is; runs that may finish can still be cancelled. */
  async revoke({ id, runs, reason }: RevokeApiKeyInput): Promise<ApiKey> {
    await this.noteEndedKeys();
    const apiKey = await this.db.transaction(async (manager) => {
      const before = await this.delegation.lock(manager, id);
      const isActive = before.revokedAt === null;
      const changes = isActive ? this.revocation(runs, reason) : runs === "CANCEL" ? { revokedRuns: runs } : {};
      const after = manager.create(ApiKey, { ...before, ...changes });
      if (isActive || after.revokedRuns !== before.revokedRuns) {
        await manager.update(ApiKey, { id }, changes);
        this.audit.record(manager, "REVOKE_API_KEY", auditedRevocation(before, after));
      }
      return after;
    });
    await this.accessNotifier.notify({ keyId: id });
    return apiKey;
  }

  /** Deletes a scope, and revokes its keys if the input says so, in one transaction. */
  async deleteScope({ id, revokeKeys }: DeleteScopeInput): Promise<void> {
    await this.noteEndedKeys();
    await this.db.transaction(async (manager) => {
      const scope = await this.db.lock(manager, Scope, { id, deletedAt: IsNull() });
      if (!scope || !canReach(this.caller, scope.appId)) throw notFound("scope");

      const active = { scopeId: id, revokedAt: IsNull() };
      const { affected: revokedKeys = 0 } = revokeKeys
        ? await manager.update(ApiKey, active, this.revocation("CANCEL"))
        : {};
      const activeCount = await manager.countBy(ApiKey, active);
      if (activeCount > 0) {
        throw conflict(
          "HAS_KEYS",
          `This scope has ${activeCount} active ${activeCount === 1 ? "key" : "keys"}. Revoke them first, or pass \`revokeKeys: true\`.`,
          { field: "input.revokeKeys" },
        );
      }
      await manager.update(Scope, { id }, { deletedAt: new Date() });
      const before = { ...auditedScope(scope), revokedKeys };
      this.audit.record(manager, "DELETE_SCOPE", { appId: scope.appId, target: scope, before });
    });
    await this.accessNotifier.notify({ scopeId: id });
  }

  /** Runs once per request. */
  private noteEndedKeys(): Promise<void> {
    return (this.endedKeysNoted ??= noteEndedKeys(this.db));
  }

  private revocation(revokedRuns: RevokedKeyRuns, reason?: string | null) {
    return { revokedAt: new Date(), revokedBy: authorOf(this.caller), revokedReason: reason ?? null, revokedRuns };
  }
}

/** The scope is locked, so that concurrent transactions do not exceed the limit together. @throws LIMIT_REACHED */
async function checkCount(manager: EntityManager, { id: scopeId, appId }: Scope): Promise<void> {
  const app = await manager.findOneBy(App, { id: appId });
  const max = app?.limits.keysPerScope ?? null;
  if (max === null) return;
  const used = await manager.countBy(ApiKey, { scopeId, isRevoked: 0 });
  if (used < max) return;
  throw limitReached({
    of: "scope",
    limit: "keysPerScope",
    max,
    used,
    what: "active API keys",
    advice: "Revoke keys that are no longer used, or use another scope.",
  });
}

/** The value of an argument, or else of the field of the filter with its name. @throws BAD_USER_INPUT if both have one */
function theOnly<Value>(
  name: "scopeId" | "status",
  argument: Value | null | undefined,
  inFilter: Value | null | undefined,
): Value | null {
  if (argument != null && inFilter != null)
    throw badInput({ field: `filter.${name}`, message: `must not be given beside the argument \`${name}\`` });
  return argument ?? inFilter ?? null;
}
