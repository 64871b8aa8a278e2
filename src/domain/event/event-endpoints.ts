import { type EntityManager, IsNull } from "typeorm";
import type { Keyring } from "../../platform/secrets/keyring";
import type { SecretColumn, SecretRow } from "../../platform/secrets/secret-column";
import { App } from "../app/app.entity";
import type { EventAddresses } from "../app/event-addresses";
import type { AuditTrail } from "../audit/audit-trail";
import { insertCallbackSecret } from "../callback/callback-secret";
import { CallbackSecret } from "../callback/callback-secret.entity";
import type { Outbox } from "../callback/outbox";

type Addressed = Pick<App, "id" | "eventHost">;

/** A URL of a row whose host was changed behind the server's back is not posted to. */
const placeOf = ({ id, eventHost }: Addressed) => ({
  table: "app",
  column: "eventUrl",
  rowId: id,
  usedFor: [eventHost ?? ""],
});

export const eventUrlColumn = { entity: App, column: "eventUrl", placeOf } satisfies SecretColumn<App & SecretRow>;

/** Checks and seals the URLs that the events of apps are posted to, and makes the secrets that sign them. */
export class EventEndpoints implements EventAddresses {
  constructor(
    private readonly outbox: Pick<Outbox, "check">,
    private readonly keyring: Keyring,
    private readonly audit: AuditTrail,
  ) {}

  async check(url: string | null | undefined): Promise<void> {
    if (url != null) await this.outbox.check(url, "input.eventUrl");
  }

  columnsOf(id: string, url: string | null | undefined): Pick<App, "eventUrl" | "eventHost"> {
    if (url == null) return { eventUrl: null, eventHost: null };
    const eventHost = new URL(url).host;
    return { eventUrl: this.keyring.seal(url, placeOf({ id, eventHost })), eventHost };
  }

  async ensureSecret(manager: EntityManager, app: App): Promise<string | null> {
    const appId = app.id;
    if (app.eventUrl === null || (await manager.existsBy(CallbackSecret, { appId, replacedAt: IsNull() }))) return null;
    this.audit.record(manager, "REPLACE_CALLBACK_SECRET", { appId, target: app });
    return insertCallbackSecret(manager, this.keyring, appId);
  }
}
