import type { Logger } from "pino";
import { In, IsNull, Not } from "typeorm";
import type { Database } from "../../platform/database/database";
import type { Keyring } from "../../platform/secrets/keyring";
import { App } from "../app/app.entity";
import { openUrl } from "../callback/callback-kind";
import type { DeliveryKind } from "../callback/dispatcher";
import { EventDelivery } from "./event-delivery.entity";
import { eventUrlColumn } from "./event-endpoints";

/** Events are posted to the URL that their app has at the time of the attempt, and cancelled if it has none. */
export const eventKind = (db: Pick<Database, "read">, keyring: Keyring, log: Logger): DeliveryKind<EventDelivery> => ({
  entity: EventDelivery,
  name: "event",
  async contentOf({ appId, body }) {
    const app = await db.read.findOneBy(App, { id: appId });
    return app?.eventUrl == null ? undefined : { body, url: openUrl(keyring, eventUrlColumn, app, log) };
  },
  async cancelledAmong(manager, deliveries) {
    const ids = [...new Set(deliveries.map(({ appId }) => appId))];
    const where = { id: In(ids), eventHost: Not(IsNull()), deletedAt: IsNull() };
    const apps = await manager.find(App, { where, select: { id: true } });
    const listening = new Set(apps.map(({ id }) => id));
    return new Set(deliveries.flatMap(({ id, appId }) => (listening.has(appId) ? [] : [id])));
  },
});
