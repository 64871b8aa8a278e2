import { And, Equal, In, IsNull, Not } from "typeorm";
import { App } from "../app/app.entity";
import type { AppService } from "../app/app.service";
import { principalOf } from "../api-key/principal.entity";
import type { AuditTrail } from "../audit/audit-trail";
import { type Caller, canReach } from "../../auth/caller";
import type { Database } from "../../platform/database/database";
import { batching } from "../../platform/database/loaders";
import { pageOf } from "../../platform/database/page-loader";
import type { Page } from "../../platform/database/pages";
import { ofReachableRun } from "../session/run-condition";
import { sessionFilter } from "../session/session-filter";
import { badInput, conflict, notFound } from "../../errors";
import type { Keyring } from "../../platform/secrets/keyring";
import type { CallbackDeliveriesArgs } from "./callback.input";
import { CallbackDelivery } from "./callback-delivery.entity";
import { insertCallbackSecret } from "./callback-secret";
import { CallbackSecret } from "./callback-secret.entity";
import type { Outbox } from "./outbox";

export class CallbackService {
  private readonly secretByApp = batching((appIds) => this.currentSecrets(appIds));

  constructor(
    private readonly db: Database,
    private readonly caller: Caller,
    private readonly appService: AppService,
    private readonly keyring: Keyring,
    private readonly outbox: Outbox,
    private readonly audit: AuditTrail,
  ) {}

  /** Deliveries of one run or, for an administrator only, of an app: a key learns nothing here about other runs. */
  async list({ appId, runId, ...page }: CallbackDeliveriesArgs): Promise<Page<CallbackDelivery>> {
    const isOfRun = runId != null && appId == null;
    const where = {
      ...sessionFilter(this.caller),
      ...(!isOfRun && { appId: await this.appService.resolve(appId, "appId") }),
    };
    if (runId == null && this.caller.kind === "API_KEY") {
      throw badInput({ field: "runId", message: "must name the run" });
    }
    const { runId: reachable } = ofReachableRun(this.caller);
    const ofRun = [...(runId == null ? [] : [Equal(runId)]), ...(reachable ? [reachable] : [])];
    const condition = { ...where, ...(ofRun.length > 0 && { runId: And(...ofRun) }) };
    return pageOf(this.db, CallbackDelivery, condition, page, "DESC");
  }

  /** Delivers again immediately, with a new retry window. */
  redeliver(id: string): Promise<CallbackDelivery> {
    return this.db.transaction(async (manager, afterCommit) => {
      const delivery = await this.db.lock(manager, CallbackDelivery, {
        id,
        ...sessionFilter(this.caller),
        ...ofReachableRun(this.caller),
      });
      if (!delivery) throw notFound("callback delivery");
      if (delivery.status === "WAITING") {
        throw conflict("RUN_UNFINISHED", "The run is not finished. Its callback is delivered when it is.");
      }
      if (delivery.claimedAt) {
        throw conflict("ATTEMPT_IN_PROGRESS", "An attempt is in progress. Wait for its result first.");
      }
      return this.outbox.redeliver(manager, afterCommit, delivery, principalOf(this.caller).apiKeyId);
    });
  }

  /** Creates a secret for the callbacks of an app. The previous one remains valid for the overlap period. */
  async replaceSecret(appId: string): Promise<{ secret: string; app: App }> {
    return this.db.transaction(async (manager) => {
      const locked = await this.db.lock(manager, App, { id: appId, deletedAt: IsNull() });
      if (!locked || !canReach(this.caller, appId)) throw notFound("app");
      await manager.delete(CallbackSecret, { appId, replacedAt: Not(IsNull()) });
      await manager.update(CallbackSecret, { appId }, { replacedAt: new Date() });
      this.audit.record(manager, "REPLACE_CALLBACK_SECRET", { appId, target: locked });
      return { secret: await insertCallbackSecret(manager, this.keyring, appId), app: locked };
    });
  }

  async secretCreatedAt({ id }: App): Promise<Date | null> {
    return (await this.secretByApp.load(id))?.createdAt ?? null;
  }

  private async currentSecrets(appIds: readonly string[]): Promise<(CallbackSecret | undefined)[]> {
    const current = await this.db.read.findBy(CallbackSecret, { appId: In([...appIds]), replacedAt: IsNull() });
    return appIds.map((id) => current.find(({ appId }) => appId === id));
  }
}
