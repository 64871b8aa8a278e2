import { IsNull } from "typeorm";
import { App } from "../app/app.entity";
import type { AppService } from "../app/app.service";
import type { AccessNotifier } from "../../auth/access-notifier";
import { grantsOf, permissionsOf } from "../../auth/permissions";
import { type Database, translateConstraintErrors } from "../../platform/database/database";
import { newId } from "../../platform/database/ids";
import { loaderById } from "../../platform/database/loaders";
import { type Page, pageOf } from "../../platform/database/page-loader";
import { type PageArgs } from "../../schema-types/pages";
import { conflict, notFound } from "../../errors";
import type { PermissionsInput, ScopePermissions } from "./permissions.entity";
import { Scope } from "./scope.entity";
import type { CreateScopeInput, UpdateScopeInput } from "./scope.input";

const nameTaken = () => conflict("Another scope of this app has this name. Choose another one.");

export class ScopeService {
  private readonly byId = loaderById(this.db.read, Scope);

  constructor(
    private readonly db: Database,
    private readonly appService: AppService,
    private readonly accessNotifier: AccessNotifier,
  ) {}

  async list(appId: string, page: PageArgs): Promise<Page<Scope>> {
    await this.appService.get(appId);
    return pageOf(this.db.read, Scope, { appId, deletedAt: IsNull() }, page, "ASC");
  }

  async find(id: string): Promise<Scope | null> {
    const scope = await this.byId.load(id);
    return scope?.deletedAt ? null : scope;
  }

  /** The scope of a key; also a deleted one, since its revoked keys remain. */
  async ofKey(id: string): Promise<Scope> {
    const scope = await this.byId.load(id);
    if (!scope) throw notFound("scope");
    return scope;
  }

  async create({ appId, name, description, permissions }: CreateScopeInput): Promise<Scope> {
    const now = new Date();
    const scope: Scope = {
      id: newId(),
      appId,
      name,
      description,
      permissions: normalized(permissions),
      createdAt: now,
      updatedAt: now,
      deletedAt: null,
    };
    await this.db
      .transaction(async (manager) => {
        // The row of an app that is being deleted still exists.
        if (!(await this.db.lock(manager, App, { id: appId, deletedAt: IsNull() }))) throw notFound("app");
        await manager.insert(Scope, scope);
      })
      .catch(translateConstraintErrors({ duplicate: nameTaken }));
    return scope;
  }

  async update({ id, name, description, permissions }: UpdateScopeInput): Promise<Scope> {
    const scope = await this.db
      .transaction(async (manager) => {
        const before = await this.db.lock(manager, Scope, { id, deletedAt: IsNull() });
        if (!before) throw notFound("scope");
        const after: Scope = {
          ...before,
          name: name ?? before.name,
          description: description ?? before.description,
          permissions: permissions ? normalized(permissions) : before.permissions,
          updatedAt: new Date(),
        };
        await manager.update(Scope, { id }, after);
        return after;
      })
      .catch(translateConstraintErrors({ duplicate: nameTaken }));
    await this.accessNotifier.notify({ scopeId: id });
    return scope;
  }
}

/** Each permission once, in the order of the schema. */
function normalized(permissions: PermissionsInput): ScopePermissions {
  return permissionsOf(grantsOf(permissions));
}
