import { type EntityManager, IsNull } from "typeorm";
import { App } from "../app/app.entity";
import { limitReached } from "../app/limit-reached";
import type { AppService } from "../app/app.service";
import type { AuditTrail } from "../audit/audit-trail";
import type { AccessNotifier } from "../../auth/access-notifier";
import { type Caller, canReach } from "../../auth/caller";
import { grantsOf, permissionsOf } from "../../auth/permissions";
import { type Database, translateConstraintErrors } from "../../platform/database/database";
import { newId } from "../../platform/database/ids";
import { loaderById } from "../../platform/database/loaders";
import { pageOf } from "../../platform/database/page-loader";
import { nameHas } from "../../platform/database/text-search";
import type { Page } from "../../platform/database/pages";
import { type SearchArgs } from "../../schema-types/pages";
import { assertVersion, badInput, nameConflict, notFound } from "../../errors";
import { noKeyLimits } from "./key-limits.entity";
import type { PermissionsInput, ScopePermissions } from "./permissions.entity";
import { Scope } from "./scope.entity";
import { permissionsOfPreset } from "./scope-presets";
import type { CloneScopeInput, CreateScopeInput, UpdateScopeInput } from "./scope.input";
import { normalizedAddresses } from "./addresses";
import { auditedScope, auditedUpdate } from "./audited-scope";
import { normalizedTags } from "./tags";

const nameTaken = () => nameConflict("Another scope of this app has this name. Choose another one.");

export class ScopeService {
  private readonly byId = loaderById(this.db, Scope);

  constructor(
    private readonly db: Database,
    private readonly caller: Caller,
    private readonly appService: AppService,
    private readonly accessNotifier: AccessNotifier,
    private readonly audit: AuditTrail,
  ) {}

  async list(appId: string, page: SearchArgs): Promise<Page<Scope>> {
    await this.appService.get(appId);
    return pageOf(this.db, Scope, { appId, deletedAt: IsNull(), ...nameHas(page.search) }, page, "ASC");
  }

  async find(id: string): Promise<Scope | null> {
    const scope = await this.byId.load(id);
    return scope?.deletedAt === null && canReach(this.caller, scope.appId) ? scope : null;
  }

  /** The scope of a key; also a deleted one, since its revoked keys remain. */
  async ofKey(id: string): Promise<Scope> {
    const scope = await this.byId.load(id);
    if (!scope) throw notFound("scope");
    return scope;
  }

  async create({
    appId,
    name,
    description,
    permissions,
    preset,
    limits,
    tags,
    allowedAddresses,
  }: CreateScopeInput): Promise<Scope> {
    if ((permissions == null) === (preset == null))
      throw badInput({ field: "input.permissions", message: "must be given, or else `preset`" });
    const now = new Date();
    const scope: Scope = {
      id: newId(),
      appId,
      name,
      description,
      tags: normalizedTags(tags),
      allowedAddresses: normalizedAddresses(allowedAddresses),
      permissions: preset == null ? normalized(permissions as PermissionsInput) : permissionsOfPreset(preset),
      limits: { ...noKeyLimits, ...limits },
      version: 1,
      createdAt: now,
      updatedAt: now,
      deletedAt: null,
    };
    await this.insert(scope);
    return scope;
  }

  /** Copies all that a scope has, but its keys. */
  async clone({ id, name }: CloneScopeInput): Promise<Scope> {
    const original = await this.find(id);
    if (!original) throw notFound("scope");
    const now = new Date();
    const scope: Scope = { ...original, id: newId(), name, version: 1, createdAt: now, updatedAt: now };
    await this.insert(scope);
    return scope;
  }

  private async insert(scope: Scope): Promise<void> {
    await this.db
      .transaction(async (manager) => {
        // The row of an app that is being deleted still exists.
        const app = await this.db.lock(manager, App, { id: scope.appId, deletedAt: IsNull() });
        if (!app || !canReach(this.caller, app.id)) throw notFound("app");
        await checkCount(manager, app);
        await checkAgents(manager, scope);
        await manager.insert(Scope, scope);
        this.audit.record(manager, "CREATE_SCOPE", { appId: scope.appId, target: scope, after: auditedScope(scope) });
      })
      .catch(translateConstraintErrors({ duplicate: nameTaken }));
  }

  async update({
    id,
    expectedVersion,
    name,
    description,
    permissions,
    limits,
    tags,
    allowedAddresses,
    dryRun,
  }: UpdateScopeInput): Promise<Scope> {
    const scope = await this.db
      .transaction(async (manager) => {
        const before = await this.db.lock(manager, Scope, { id, deletedAt: IsNull() });
        if (!before || !canReach(this.caller, before.appId)) throw notFound("scope");
        assertVersion("scope", before.version, expectedVersion);
        const after: Scope = {
          ...before,
          name: name ?? before.name,
          description: description ?? before.description,
          tags: tags ? normalizedTags(tags) : before.tags,
          allowedAddresses: allowedAddresses ? normalizedAddresses(allowedAddresses) : before.allowedAddresses,
          permissions: permissions ? normalized(permissions) : before.permissions,
          limits: { ...before.limits, ...limits },
          version: before.version + 1,
          updatedAt: new Date(),
        };
        if (permissions) await checkAgents(manager, after);
        if (dryRun) return after;
        await manager.update(Scope, { id }, after);
        this.audit.record(manager, "UPDATE_SCOPE", auditedUpdate(before, after));
        return after;
      })
      .catch(translateConstraintErrors({ duplicate: nameTaken }));
    if (!dryRun) await this.accessNotifier.notify({ scopeId: id });
    return scope;
  }
}

/** The app is locked, so that concurrent transactions do not exceed the limit together. @throws LIMIT_REACHED */
async function checkCount(manager: EntityManager, { id, limits: { scopes: max } }: App): Promise<void> {
  if (max === null) return;
  const used = await manager.countBy(Scope, { appId: id, deletedAt: IsNull() });
  if (used < max) return;
  throw limitReached({
    of: "app",
    limit: "scopes",
    max,
    used,
    what: "scopes",
    advice: "Delete scopes that are no longer used.",
  });
}

/** Each permission once, in the order of the schema. */
function normalized(permissions: PermissionsInput): ScopePermissions {
  const { sessions, agentAccess } = permissions;
  const agentIds = [...new Set(permissions.agentIds)];
  if (agentAccess === "ALL" && agentIds.length > 0)
    throw badInput({ field: "input.permissions.agentIds", message: "must be empty, unless `agentAccess` is SELECTED" });
  return { keys: "NONE", ...permissionsOf(grantsOf(permissions)), sessions, agentAccess, agentIds };
}

/** @throws BAD_USER_INPUT if the scope selects what is no agent of its app */
async function checkAgents(manager: EntityManager, { appId, permissions: { agentIds } }: Scope): Promise<void> {
  if (agentIds.length === 0) return;
  const found = await manager
    .createQueryBuilder()
    .select("agent.id", "id")
    // By the name of the table, as the room of agents is above this one.
    .from("agent", "agent")
    .where("agent.appId = :appId AND agent.id IN (:...agentIds)", { appId, agentIds })
    .getRawMany<{ id: string }>();
  if (found.length < agentIds.length)
    throw badInput({ field: "input.permissions.agentIds", message: "must be agents of the app" });
}
