import { type EntityManager, In, IsNull, Raw } from "typeorm";
import { assertCallbackRoom, type CallbackLimits } from "./callback-room";
import type { SessionOwned } from "../../auth/caller";
import type { AfterCommit } from "../../platform/database/database";
import { newId } from "../../platform/database/ids";
import { badInput } from "../../errors";
import type { Outbound } from "../../platform/outbound/outbound";
import { urlFault } from "../../platform/outbound/url-validation";
import type { Keyring } from "../../platform/secrets/keyring";
import { CallbackDelivery, callbackUrlPlace } from "./callback-delivery.entity";
import { cancellation } from "./delivery-cancellation";
import { CallbackSecret } from "./callback-secret.entity";
import type { Dispatcher } from "./dispatcher";

const callbackUrl = "input.callbackUrl";

/** The limit of the domain name system. */
const maxHostnameChars = 253;

/** The same whether the host is private or does not exist, so that it does not show which private names exist. */
const hostRefused =
  "must have a host that resolves to an address on the public network, or that the operator allows with CALLBACK_ALLOWED_HOSTS";

type NewDelivery = SessionOwned & Pick<CallbackDelivery, "runId" | "apiKeyId" | "url">;

/** Deliveries per transaction. */
const maxCancelled = 200;

/**
 * Records deliveries as part of the transactions that create and end runs, and wakes the dispatcher after the commit. The
 * dispatcher polls too, so a lost wake-up only delays a delivery.
 */
export class Outbox {
  constructor(
    private readonly outbound: Outbound,
    private readonly dispatcher: Pick<Dispatcher<CallbackDelivery>, "abort" | "wake">,
    private readonly keyring: Keyring,
  ) {}

  /** @throws BAD_USER_INPUT if the URL is invalid or its address is not allowed */
  async check(url: string, field = callbackUrl): Promise<void> {
    const message =
      faultOf(url) ?? ((await this.outbound.refusesOrCantResolve(new URL(url))) ? hostRefused : undefined);
    if (message !== undefined) throw badInput({ field, message });
  }

  /**
   * Adds the delivery of a new run. It waits for the end of the run.
   *
   * @throws BAD_USER_INPUT if the app has no secret
   * @throws LIMIT_REACHED
   */
  async add(
    manager: EntityManager,
    { appId, sessionScopeId, runId, apiKeyId, url }: NewDelivery,
    limits: CallbackLimits,
  ): Promise<void> {
    if (!(await manager.existsBy(CallbackSecret, { appId, replacedAt: IsNull() }))) {
      const message = "needs a secret of the app to sign with; an administrator creates one by `replaceCallbackSecret`";
      throw badInput({ field: callbackUrl, message });
    }
    const id = newId();
    const { host } = new URL(url);
    await assertCallbackRoom(manager, appId, host, limits);
    const delivery: CallbackDelivery = {
      id,
      appId,
      runId,
      sessionScopeId,
      apiKeyId,
      url: this.keyring.seal(url, callbackUrlPlace({ id, appId, runId, host })),
      host,
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

  /** Cancels the deliveries of runs that were cancelled because their key lost its rights. */
  async cancelOfRuns(manager: EntityManager, runIds: readonly string[]): Promise<void> {
    await manager.update(CallbackDelivery, { runId: In([...runIds]), status: "WAITING" }, cancellation);
  }

  /**
   * Cancels pending deliveries of a key that has lost its rights, or those with one agent, and stops attempts in progress.
   *
   * @returns false if there are more
   */
  async cancelOfKey(
    manager: EntityManager,
    afterCommit: AfterCommit,
    { apiKeyId, agentId }: { readonly apiKeyId: string; readonly agentId?: string },
  ): Promise<boolean> {
    const pending = { apiKeyId, status: "PENDING" } as const;
    const where = { ...pending, ...(agentId !== undefined && { runId: Raw(isRunOfAgent, { agentId }) }) };
    const found = await manager.find(CallbackDelivery, { where, select: { id: true }, take: maxCancelled });
    const ids = found.map(({ id }) => id);
    if (ids.length > 0) await manager.update(CallbackDelivery, { id: In(ids), ...pending }, cancellation);
    afterCommit(() => this.dispatcher.abort(ids));
    return ids.length < maxCancelled;
  }

  /**
   * Makes a delivery due again, with a new retry window.
   *
   * @param apiKeyId the key on whose behalf it is posted from now on
   */
  async redeliver(
    manager: EntityManager,
    afterCommit: AfterCommit,
    delivery: CallbackDelivery,
    apiKeyId: string | null,
  ): Promise<CallbackDelivery> {
    const { id, version } = delivery;
    const now = new Date();
    const due = { status: "PENDING", failures: 0, version: version + 1, begunAt: now, dueAt: now, apiKeyId } as const;
    await manager.update(CallbackDelivery, { id }, due);
    afterCommit(() => this.dispatcher.wake());
    return { ...delivery, ...due };
  }
}

const isRunOfAgent = (runId: string): string =>
  `EXISTS (SELECT 1 FROM run WHERE run.id = ${runId} AND run.agentId = :agentId)`;

function faultOf(text: string): string | undefined {
  const fault = urlFault(text);
  if (fault !== undefined) return fault;
  const url = new URL(text);
  if (url.hash !== "") return "must have no fragment";
  if (url.hostname.length > maxHostnameChars) return `must have a host of at most ${maxHostnameChars} characters`;
  return undefined;
}
