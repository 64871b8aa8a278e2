import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { IsNull, LessThanOrEqual, MoreThan } from "typeorm";
import type { Database } from "../../platform/database/database";
import type { Outbound } from "../../platform/outbound/outbound";
import { WakeUp } from "../../platform/process/wake-up";
import { type Keyring, SecretUnreadableError } from "../../platform/secrets/keyring";
import { type CallbackTimings, retryAt } from "./retry-schedule";
import {
  type CallbackAttempt,
  CallbackAttemptError,
  CallbackDelivery,
  type CallbackDeliveryStatus,
} from "./callback-delivery.entity";
import { CallbackSecret, callbackSecretPlace } from "./callback-secret.entity";
import { postWebhook } from "./post-webhook";
import { signedHeaders } from "./signing";
import { type DeliveryLane, FairScheduler } from "./fair-scheduler";

/** How long a secret that was replaced is signed with beside its successor, in milliseconds. */
const secretOverlapMs = 24 * 60 * 60 * 1_000;
const maxKeptAttempts = 50;
const bounds = { inAll: 64, perApp: 8, perLane: 4 };
/** Among so many whose turn it is chosen, those that have waited longest. */
const maxLanes = 500;

interface InFlightDelivery extends DeliveryLane {
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

/**
 * Delivers what the database has for delivery. An attempt belongs to whoever has raised the row's version, by an update
 * on the condition that nobody else has; where that process dies, the attempt falls to another once its lease is over.
 */
export class CallbackDispatcher {
  private readonly scheduler = new FairScheduler(bounds);
  private readonly inFlight = new Map<string, InFlightDelivery>();
  private loop: Promise<void> | undefined;
  private readonly closing = new AbortController();
  private readonly work = new WakeUp();

  /** @param payloadOf what is to be told of a run, or undefined where it is gone */
  constructor(
    private readonly db: Database,
    private readonly keyring: Keyring,
    private readonly outbound: Outbound,
    private readonly payloadOf: (runId: string) => Promise<string | undefined>,
    private readonly timings: CallbackTimings,
    private readonly log: Logger,
  ) {}

  start(): void {
    this.loop = this.runLoop();
  }

  /** Says that there may be something to deliver. */
  wake(): void {
    this.work.wakeUp();
  }

  /** Begins nothing any more, and lets what is under way finish for a while. */
  async close(): Promise<void> {
    this.closing.abort();
    this.wake();
    await this.loop;
    const finished = Promise.all([...this.inFlight.values()].map(({ done }) => done));
    await Promise.race([finished, delay(this.timings.shutdownGraceMs, undefined, { ref: false })]);
    for (const { abort } of this.inFlight.values()) abort.abort();
    await finished;
  }

  private async runLoop(): Promise<void> {
    while (!this.closing.signal.aborted) {
      try {
        while (await this.dispatchRound());
      } catch (error) {
        this.log.error({ err: error }, "could not look for callbacks to deliver");
      }
      await this.work.wait(this.timings.pollIntervalMs);
    }
  }

  /**
   * Begins a delivery of each whose turn it is.
   *
   * @returns false where there was none, or somebody else had them all
   */
  private async dispatchRound(): Promise<boolean> {
    if (this.closing.signal.aborted) return false;
    const now = new Date();
    const lanes = this.scheduler.next(await this.dueLanes(now), [...this.inFlight.values()]);
    const candidates = await Promise.all(lanes.map((lane) => this.longestDue(lane, now)));
    const claimed = await this.claim(candidates.filter((candidate) => candidate !== null));
    for (const delivery of claimed) this.begin(delivery);
    return claimed.length > 0;
  }

  private dueLanes(now: Date): Promise<DeliveryLane[]> {
    return this.db.read
      .createQueryBuilder(CallbackDelivery, "delivery")
      .select("delivery.appId", "appId")
      .addSelect("delivery.host", "host")
      .where("delivery.status = :status", { status: "PENDING" })
      .groupBy("delivery.appId")
      .addGroupBy("delivery.host")
      .having("MIN(delivery.dueAt) <= :now", { now })
      .orderBy("MIN(delivery.dueAt)")
      .limit(maxLanes)
      .getRawMany<DeliveryLane>();
  }

  private longestDue({ appId, host }: DeliveryLane, now: Date): Promise<CallbackDelivery | null> {
    return this.db.read.findOne(CallbackDelivery, {
      where: { status: "PENDING", appId, host, dueAt: LessThanOrEqual(now) },
      order: { dueAt: "ASC", id: "ASC" },
    });
  }

  private async claim(candidates: readonly CallbackDelivery[]): Promise<CallbackDelivery[]> {
    if (candidates.length === 0) return [];
    const claimedAt = new Date();
    const dueAt = new Date(claimedAt.getTime() + this.timings.leaseMs);
    // In one order, so that processes that claim the same don't wait for each other in a circle.
    const inOrder = [...candidates].sort((one, other) => (one.id < other.id ? -1 : 1));
    return this.db.transaction(async (manager) => {
      const claimed: CallbackDelivery[] = [];
      for (const { id, version, attempts, ...delivery } of inOrder) {
        const claim = { version: version + 1, claimedAt, dueAt };
        const { affected } = await manager.update(CallbackDelivery, { id, version, status: "PENDING" }, claim);
        if (affected !== 1) continue;
        const cutOff = delivery.claimedAt === null ? [] : [interruptedAt(delivery.claimedAt)];
        claimed.push({ ...delivery, id, attempts: [...attempts, ...cutOff], ...claim });
      }
      return claimed;
    });
  }

  private begin(delivery: CallbackDelivery): void {
    const { id, appId, host } = delivery;
    const abort = new AbortController();
    const done = this.attempt(delivery, abort)
      .catch((error: unknown) =>
        this.log.error({ err: error, deliveryId: id }, "could not write what came of a callback"),
      )
      .finally(() => {
        this.inFlight.delete(id);
        this.wake();
      });
    this.inFlight.set(id, { appId, host, abort, done });
  }

  private async attempt(delivery: CallbackDelivery, abort: AbortController): Promise<void> {
    const at = new Date();
    const start = performance.now();
    const result = await this.send(delivery, at, abort).catch((error: unknown) => {
      this.log.error({ err: error, deliveryId: delivery.id }, "a callback could not be posted");
      return { httpStatus: null, error: CallbackAttemptError.SERVER_FAULT };
    });
    if (result) await this.write(delivery, { at, ...result, durationMs: Math.round(performance.now() - start) });
  }

  /** @returns undefined where there is nothing to be told any more */
  private async send(
    { id, appId, runId, url }: CallbackDelivery,
    at: Date,
    abort: AbortController,
  ): Promise<Pick<CallbackAttempt, "httpStatus" | "error"> | undefined> {
    const body = await this.payloadOf(runId);
    if (body === undefined) return undefined;
    const secrets = await this.secretsOf(appId);
    if (secrets.length === 0) return { httpStatus: null, error: "SECRET_UNREADABLE" };
    return postWebhook(
      this.outbound.fetch,
      { url, headers: signedHeaders(id, at, body, secrets), body },
      abort,
      this.timings.attemptTimeoutMs,
    );
  }

  /** The newest first. Where that can't be read there are none, as receivers may know no other any more. */
  private async secretsOf(appId: string): Promise<string[]> {
    const valid = [{ replacedAt: IsNull() }, { replacedAt: MoreThan(new Date(Date.now() - secretOverlapMs)) }];
    const kept = await this.db.read.find(CallbackSecret, {
      where: valid.map((each) => ({ appId, ...each })),
      order: { id: "DESC" },
    });
    const secrets: string[] = [];
    for (const { id, secret } of kept) {
      try {
        secrets.push(this.keyring.open(secret, callbackSecretPlace(id)));
      } catch (error) {
        if (!(error instanceof SecretUnreadableError)) throw error;
        this.log.error({ appId, reason: error.reason }, "a secret for callbacks can't be read");
        if (secrets.length === 0) return [];
      }
    }
    return secrets;
  }

  private async write(delivery: CallbackDelivery, attempt: CallbackAttempt): Promise<void> {
    const { id, runId, version } = delivery;
    const next = nextOf(this.timings, delivery, attempt);
    const attempts = [...delivery.attempts, attempt].slice(-maxKeptAttempts);
    // On the condition that it was not taken for dead, when the attempt is somebody else's.
    await this.db.transaction((manager) =>
      manager.update(CallbackDelivery, { id, version }, { attempts, claimedAt: null, ...next }),
    );
    const { httpStatus, error } = attempt;
    if (next.status === "FAILED") this.log.warn({ deliveryId: id, runId, httpStatus, error }, "a callback is given up");
  }
}

/** What becomes of a delivery after an attempt. */
function nextOf(
  timings: CallbackTimings,
  { begunAt, failures }: CallbackDelivery,
  { httpStatus, error }: CallbackAttempt,
): { status: CallbackDeliveryStatus; failures: number; dueAt: Date | null } {
  const now = new Date();
  if (error === null) return { status: "DELIVERED", failures, dueAt: null };
  if (error === "INTERRUPTED") return { status: "PENDING", failures, dueAt: now };

  const dueAt = httpStatus === 410 ? undefined : retryAt(timings, failures + 1, begunAt ?? now, now);
  return { status: dueAt ? "PENDING" : "FAILED", failures: failures + 1, dueAt: dueAt ?? null };
}

const interruptedAt = (at: Date): CallbackAttempt => ({ at, httpStatus: null, error: "INTERRUPTED", durationMs: null });
