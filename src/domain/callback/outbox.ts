import { type EntityManager, IsNull } from "typeorm";
import { newId } from "../../platform/database/ids";
import { badInput } from "../../errors";
import type { Outbound } from "../../platform/outbound/outbound";
import { addressRefused, urlFault } from "../../platform/outbound/url-validation";
import { CallbackDelivery } from "./callback-delivery.entity";
import { CallbackSecret } from "./callback-secret.entity";
import type { CallbackDispatcher } from "./dispatcher";

const field = "input.callbackUrl";

/** As long as a name may be in the domain name system. */
const longestHostname = 253;

/** Where the rest of the server says what is to be delivered: as a part of the transactions that make and end runs. */
export class Outbox {
  constructor(
    private readonly outbound: Outbound,
    private readonly dispatcher: Pick<CallbackDispatcher, "wake">,
  ) {}

  /** @throws BAD_USER_INPUT where a URL is none to post to */
  async check(url: string): Promise<void> {
    const message = faultOf(url) ?? ((await this.outbound.refuses(new URL(url))) ? addressRefused : undefined);
    if (message !== undefined) throw badInput({ field, message });
  }

  /**
   * Adds the delivery of a run that this transaction makes. It waits for the run's end.
   *
   * @throws BAD_USER_INPUT where the app has no secret
   */
  async add(manager: EntityManager, { appId, runId, url }: { appId: string; runId: string; url: string }) {
    if (!(await manager.existsBy(CallbackSecret, { appId, replacedAt: IsNull() }))) {
      const message = "needs a secret of the app to sign with; an administrator makes one by `replaceCallbackSecret`";
      throw badInput({ field, message });
    }
    const times = { createdAt: new Date(), begunAt: null, dueAt: null, claimedAt: null };
    const delivery: CallbackDelivery = {
      id: newId(),
      appId,
      runId,
      url,
      host: new URL(url).host,
      status: "WAITING",
      attempts: [],
      failures: 0,
      version: 0,
      ...times,
    };
    await manager.insert(CallbackDelivery, delivery);
  }

  /** Sends off the delivery of a run that this transaction ends, if it has one. Wake, once that is done. */
  async release(manager: EntityManager, runId: string): Promise<void> {
    const now = new Date();
    const due = { status: "PENDING", begunAt: now, dueAt: now } as const;
    await manager.update(CallbackDelivery, { runId, status: "WAITING" }, due);
  }

  /** Says that a transaction has released something. Unheard, it is found all the same within a second. */
  wake(): void {
    this.dispatcher.wake();
  }
}

function faultOf(text: string): string | undefined {
  const fault = urlFault(text);
  if (fault !== undefined) return fault;
  const url = new URL(text);
  if (url.hash !== "") return "must have no fragment";
  if (url.hostname.length > longestHostname) return `must have a host of ${longestHostname} characters at most`;
  return undefined;
}
