import { type EntityManager, In, IsNull } from "typeorm";
import { type Caller, canReach, reachableApps } from "../../auth/caller";
import { type Database, translateConstraintErrors } from "../../platform/database/database";
import { newId } from "../../platform/database/ids";
import { batching, loaderById } from "../../platform/database/loaders";
import { pageOf } from "../../platform/database/page-loader";
import { PreparedQuery } from "../../platform/database/prepared-query";
import { nameHas } from "../../platform/database/text-search";
import type { Page } from "../../platform/database/pages";
import { type SearchArgs } from "../../schema-types/pages";
import { badInput, nameConflict, notFound } from "../../errors";
import type { AuditTrail } from "../audit/audit-trail";
import { auditedSecret } from "../audit/audited-fields";
import { App } from "./app.entity";
import type { AppPayload, CreateAppInput, UpdateAppInput } from "./app.input";
import type { EventAddresses } from "./event-addresses";
import { defaultAppLimits } from "./app-limits.entity";
import { type AppLimitUsage, limitUsageOf, unused } from "./app-limit-usage";
import { newUsage } from "./app-usage";
import { AppUsage } from "./app-usage.entity";

const existingApp = new PreparedQuery(["id"], (manager: EntityManager, values) =>
  manager.createQueryBuilder(App, "app").select("app.id").where("app.id = :id AND app.deletedAt IS NULL", values),
);

const nameTaken = () => nameConflict("Another app has this name. Choose another one.");

export class AppService {
  private readonly byId = loaderById(this.db, App);
  private readonly usageByApp = batching<AppLimitUsage>(async (appIds) => {
    const usages = await limitUsageOf(this.db.read, appIds);
    return appIds.map((id) => usages.get(id) ?? unused);
  });

  constructor(
    private readonly db: Database,
    private readonly caller: Caller,
    private readonly audit: AuditTrail,
    private readonly eventAddresses: EventAddresses,
  ) {}

  list(page: SearchArgs): Promise<Page<App>> {
    const appIds = reachableApps(this.caller);
    const where = { deletedAt: IsNull(), ...(appIds && { id: In([...appIds]) }), ...nameHas(page.search) };
    return pageOf(this.db, App, where, page, "ASC");
  }

  async find(id: string): Promise<App | null> {
    const app = await this.byId.load(id);
    return app?.deletedAt === null && canReach(this.caller, id) ? app : null;
  }

  async get(id: string): Promise<App> {
    const app = await this.find(id);
    if (!app) throw notFound("app");
    return app;
  }

  limitUsage(appId: string): Promise<AppLimitUsage> {
    return this.usageByApp.load(appId);
  }

  async create({ name, description, limits, eventUrl }: CreateAppInput): Promise<AppPayload> {
    await this.eventAddresses.check(eventUrl);
    const id = newId();
    const app: App = {
      id,
      name,
      description,
      limits: { ...defaultAppLimits, ...limits },
      ...this.eventAddresses.columnsOf(id, eventUrl),
      createdAt: new Date(),
      deletedAt: null,
    };
    return this.db
      .transaction(async (manager) => {
        await manager.insert(App, app);
        await manager.insert(AppUsage, newUsage(app.id));
        this.audit.record(manager, "CREATE_APP", { appId: app.id, target: app, after: auditedApp(app) });
        return { app, callbackSecret: await this.eventAddresses.ensureSecret(manager, app) };
      })
      .catch(translateConstraintErrors({ duplicate: nameTaken }));
  }

  async update({ id, limits, eventUrl, ...rest }: UpdateAppInput): Promise<AppPayload> {
    await this.eventAddresses.check(eventUrl);
    return this.db
      .transaction(async (manager) => {
        const app = await this.db.lock(manager, App, { id, deletedAt: IsNull() });
        if (!app || !canReach(this.caller, id)) throw notFound("app");
        const changes = {
          ...rest,
          ...(limits && { limits: { ...app.limits, ...limits } }),
          ...(eventUrl !== undefined && this.eventAddresses.columnsOf(id, eventUrl)),
        };
        if (Object.keys(changes).length > 0) await manager.update(App, { id }, changes);
        const after: App = { ...app, ...changes };
        const audited = { before: auditedApp(app), after: auditedApp(after) };
        this.audit.record(manager, "UPDATE_APP", { appId: id, target: after, ...audited });
        return { app: after, callbackSecret: await this.eventAddresses.ensureSecret(manager, after) };
      })
      .catch(translateConstraintErrors({ duplicate: nameTaken }));
  }

  /**
   * The app of a call: the key's own app, or the one that an administrator names.
   *
   * @throws NOT_FOUND if a key names another app, or an administrator an app that does not exist or is out of reach
   * @throws BAD_USER_INPUT for the field if an administrator names none
   */
  async resolve(appId: string | null | undefined, field: string): Promise<string> {
    if (this.caller.kind === "API_KEY") {
      if (appId != null && !canReach(this.caller, appId)) throw notFound("app");
      return this.caller.appId;
    }
    if (appId == null) throw badInput({ field, message: "must name the app, as an administrator belongs to none" });
    return (await this.get(appId)).id;
  }
}

const auditedApp = ({ name, description, limits, eventHost, eventUrl }: App) => ({
  name,
  description,
  ...limits,
  eventHost,
  eventUrl: auditedSecret(eventUrl),
});

/**
 * Checks that an app is not being deleted: its row exists until the deletion is complete. Call it after the insert of a
 * row that belongs to the app, whose foreign key locks the app's row until the transaction ends.
 *
 * @throws NOT_FOUND
 */
export async function assertAppExists(manager: EntityManager, id: string): Promise<void> {
  if (!(await existingApp.one(manager, { id }))) throw notFound("app");
}
