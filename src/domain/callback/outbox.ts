import { type EntityManager, IsNull } from "typeorm";
import type { AfterCommit } from "../../platform/database/database";
import { newId } from "../../platform/database/ids";
import { badInput } from "../../errors";
import type { Outbound } from "../../platform/outbound/outbound";
import { addressRefused, urlFault } from "../../platform/outbound/url-validation";
import { CallbackDelivery } from "./callback-delivery.entity";
import { CallbackSecret } from "./callback-secret.entity";
import type { CallbackDispatcher } from "./dispatcher";

const field = "input.callbackUrl";

/** The limit of the domain name system. */
const maxHostnameChars = 253;

/**
 * Records deliveries as part of the transactions that create and end runs, and wakes the dispatcher after the commit. The
 * dispatcher polls too, so a lost wake-up only delays a delivery.
 */
export class Outbox {
  constructor(
    private readonly outbound: Outbound,
    private readonly dispatcher: Pick<CallbackDispatcher, "wake">,
  ) {}

  /** @throws BAD_USER_INPUT if the URL is invalid or its address is not allowed */
  async check(url: string): Promise<void> {
    const message = faultOf(url) ?? ((await this.outbound.refuses(new URL(url))) ? addressRefused : undefined);
    if (message !== undefined) throw badInput({ field, message });
  }

  /**
   * Adds the delivery of a new run. It waits for the end of the run.
   *
   * @throws BAD_USER_INPUT if the app has no secret
   */
  async add(manager: EntityManager, { appId, runId, url }: { appId: string; runId: string; url: string }) {
    if (!(await manager.existsBy(CallbackSecret, { appId, replacedAt: IsNull() }))) {
      const message = "needs a secret of the app to sign with; an administrator creates one by `replaceCallbackSecret`";
      throw badInput({ field, message });
    }
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
      createdAt: new Date(),
      begunAt: null,
      dueAt: null,
      claimedAt: null,
    };
    await manager.insert(CallbackDelivery, delivery);
  }

  /** Makes the delivery of a run that has ended due, if the run has one. */
  async release(manager: EntityManager, afterCommit: AfterCommit, runId: string): Promise<void> {
    const now = new Date();
    const due = { status: "PENDING", begunAt: now, dueAt: now } as const;
    const { affected } = await manager.update(CallbackDelivery, { runId, status: "WAITING" }, due);
    if (affected !== 0) afterCommit(() => this.dispatcher.wake());
  }

  /** Makes a delivery due again, with a new retry window. */
  async redeliver(
    manager: EntityManager,
    afterCommit: AfterCommit,
    delivery: CallbackDelivery,
  ): Promise<CallbackDelivery> {
    const { id, version } = delivery;
    const now = new Date();
    const due = { status: "PENDING", failures: 0, version: version + 1, begunAt: now, dueAt: now } as const;
    await manager.update(CallbackDelivery, { id }, due);
    afterCommit(() => this.dispatcher.wake());
    return { ...delivery, ...due };
  }
}

function faultOf(text: string): string | undefined {
  const fault = urlFault(text);
  if (fault !== undefined) return fault;
  const url = new URL(text);
  if (url.hash !== "") return "must have no fragment";
  if (url.hostname.length > maxHostnameChars) return `must have a host of at most ${maxHostnameChars} characters`;
  return undefined;
}
