import { type EntityManager, IsNull } from "typeorm";
import type { Caller } from "../../auth/caller";
import { type Database, translateConstraintErrors } from "../../platform/database/database";
import { newId } from "../../platform/database/ids";
import { loaderById } from "../../platform/database/loaders";
import { type Page, pageOf } from "../../platform/database/page-loader";
import { type PageArgs } from "../../schema-types/pages";
import { badInput, conflict, notFound } from "../../errors";
import { App } from "./app.entity";
import type { CreateAppInput, UpdateAppInput } from "./app.input";
import type { AppLimits } from "./app-limits.entity";

const unlimited: AppLimits = { runsAtOnce: null, queuedRuns: null, tokensPerDay: null };

const nameTaken = () => conflict("Another app has this name. Choose another one.");

export class AppService {
  private readonly byId = loaderById(this.db.read, App);

  constructor(
    private readonly db: Database,
    private readonly caller: Caller,
  ) {}

  list(page: PageArgs): Promise<Page<App>> {
    return pageOf(this.db.read, App, { deletedAt: IsNull() }, page, "ASC");
  }

  async find(id: string): Promise<App | null> {
    const app = await this.byId.load(id);
    return app?.deletedAt === null ? app : null;
  }

  async get(id: string): Promise<App> {
    const app = await this.find(id);
    if (!app) throw notFound("app");
    return app;
  }

  async create({ name, description, limits }: CreateAppInput): Promise<App> {
    const app: App = {
      id: newId(),
      name,
      description,
      limits: { ...unlimited, ...limits },
      createdAt: new Date(),
      deletedAt: null,
    };
    await this.db
      .transaction((manager) => manager.insert(App, app))
      .catch(translateConstraintErrors({ duplicate: nameTaken }));
    return app;
  }

  async update({ id, limits, ...rest }: UpdateAppInput): Promise<App> {
    return this.db
      .transaction(async (manager) => {
        const app = await this.db.lock(manager, App, { id, deletedAt: IsNull() });
        if (!app) throw notFound("app");
        const changes = { ...rest, ...(limits && { limits: { ...app.limits, ...limits } }) };
        if (Object.keys(changes).length > 0) await manager.update(App, { id }, changes);
        return Object.assign(app, changes);
      })
      .catch(translateConstraintErrors({ duplicate: nameTaken }));
  }

  /**
   * The app of a call: the key's own app, or the one that an administrator names.
   *
   * @throws NOT_FOUND if a key names another app, or an administrator an app that does not exist
   * @throws BAD_USER_INPUT for the field if an administrator names none
   */
  async resolve(appId: string | null | undefined, field: string): Promise<string> {
    if (this.caller.kind === "API_KEY") {
      if (appId != null && appId !== this.caller.appId) throw notFound("app");
      return this.caller.appId;
    }
    if (appId == null) throw badInput({ field, message: "must name the app, as an administrator belongs to none" });
    return (await this.get(appId)).id;
  }
}

/**
 * Checks that an app is not being deleted: its row exists until the deletion is complete. Call it after the insert of a
 * row that belongs to the app, whose foreign key locks the app's row until the transaction ends.
 *
 * @throws NOT_FOUND
 */
export async function assertAppExists(manager: EntityManager, id: string): Promise<void> {
  if (!(await manager.existsBy(App, { id, deletedAt: IsNull() }))) throw notFound("app");
}

/** What narrows a search to what the caller may know of. */
export const ownedBy = (caller: Caller): { appId?: string } =>
  caller.kind === "API_KEY" ? { appId: caller.appId } : {};
