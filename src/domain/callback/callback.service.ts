import { In, IsNull, Not } from "typeorm";
import { App } from "../app/app.entity";
import type { AppService } from "../app/app.service";
import { appFilter, type Caller } from "../../auth/caller";
import type { Database } from "../../platform/database/database";
import { newId } from "../../platform/database/ids";
import { batching } from "../../platform/database/loaders";
import { type Page, pageOf } from "../../platform/database/page-loader";
import { badInput, conflict, notFound } from "../../errors";
import type { Keyring } from "../../platform/secrets/keyring";
import type { CallbackDeliveriesArgs } from "./callback.input";
import { CallbackDelivery } from "./callback-delivery.entity";
import { CallbackSecret, callbackSecretPlace } from "./callback-secret.entity";
import type { Outbox } from "./outbox";
import { newCallbackSecret } from "./signing";

export class CallbackService {
  private readonly secretByApp = batching((appIds) => this.currentSecrets(appIds));

  constructor(
    private readonly db: Database,
    private readonly caller: Caller,
    private readonly appService: AppService,
    private readonly keyring: Keyring,
    private readonly outbox: Outbox,
  ) {}

  /** Deliveries of one run or, for an administrator only, of an app: a key learns nothing here about other runs. */
  async list({ appId, runId, ...page }: CallbackDeliveriesArgs): Promise<Page<CallbackDelivery>> {
    const isOfRun = runId != null && appId == null;
    const where = isOfRun ? appFilter(this.caller) : { appId: await this.appService.resolve(appId, "appId") };
    if (runId == null && this.caller.kind === "API_KEY") {
      throw badInput({ field: "runId", message: "must name the run" });
    }
    return pageOf(this.db.read, CallbackDelivery, { ...where, ...(runId != null && { runId }) }, page, "DESC");
  }

  /** Delivers again immediately, with a new retry window. */
  redeliver(id: string): Promise<CallbackDelivery> {
    return this.db.transaction(async (manager, afterCommit) => {
      const delivery = await this.db.lock(manager, CallbackDelivery, { id, ...appFilter(this.caller) });
      if (!delivery) throw notFound("callback delivery");
      if (delivery.status === "WAITING") {
        throw conflict("The run is not finished. Its callback is delivered when it is.");
      }
      if (delivery.claimedAt) throw conflict("An attempt is in progress. Wait for its result first.");
      return this.outbox.redeliver(manager, afterCommit, delivery);
    });
  }

  /** Creates a secret for the callbacks of an app. The previous one remains valid for the overlap period. */
  async replaceSecret(appId: string): Promise<{ secret: string; app: App }> {
    const secret = newCallbackSecret();
    const app = await this.db.transaction(async (manager) => {
      const locked = await this.db.lock(manager, App, { id: appId, deletedAt: IsNull() });
      if (!locked) throw notFound("app");
      const [id, now] = [newId(), new Date()];
      await manager.delete(CallbackSecret, { appId, replacedAt: Not(IsNull()) });
      await manager.update(CallbackSecret, { appId }, { replacedAt: now });
      const sealed = this.keyring.seal(secret, callbackSecretPlace(id));
      await manager.insert(CallbackSecret, { id, appId, secret: sealed, createdAt: now, replacedAt: null });
      return locked;
    });
    return { secret, app };
  }

  async secretCreatedAt({ id }: App): Promise<Date | null> {
    return (await this.secretByApp.load(id))?.createdAt ?? null;
  }

  private async currentSecrets(appIds: readonly string[]): Promise<(CallbackSecret | undefined)[]> {
    const current = await this.db.read.findBy(CallbackSecret, { appId: In([...appIds]), replacedAt: IsNull() });
    return appIds.map((id) => current.find(({ appId }) => appId === id));
  }
}
