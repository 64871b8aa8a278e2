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

/** How long callbacks are signed with a replaced secret as well as with its successor, in milliseconds. */
const secretOverlapMs = 24 * 60 * 60 * 1_000;
const maxKeptAttempts = 50;
const concurrency = { total: 64, perApp: 8, perLane: 4 };
/** How many lanes the scheduler chooses among: those that have been due the longest. */
const maxLanes = 500;

interface InFlightDelivery extends DeliveryLane {
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

/**
 * Delivers the due callbacks of the database. An instance claims an attempt by an update that increments the row's version
 * on the condition that the version is unchanged. If that instance dies, another one takes over after the lease.
 */
export class CallbackDispatcher {
  private readonly scheduler = new FairScheduler(concurrency);
  private readonly inFlight = new Map<string, InFlightDelivery>();
  private loop: Promise<void> | undefined;
  private readonly closing = new AbortController();
  private readonly work = new WakeUp();

  /** @param payloadOf the body for a run, or undefined if the run was deleted */
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

  /** Looks for due deliveries immediately. */
  wake(): void {
    this.work.wakeUp();
  }

  /** Starts no more attempts, and gives those in progress the grace period to finish. */
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
        this.log.error({ err: error }, "failed to look for due callbacks; retrying");
      }
      await this.work.wait(this.timings.pollIntervalMs);
    }
  }

  /**
   * Starts an attempt for each lane that the scheduler chooses.
   *
   * @returns false if there was none, or other instances claimed all of them
   */
  private async dispatchRound(): Promise<boolean> {
    if (this.closing.signal.aborted) return false;
    const now = new Date();
    const lanes = this.scheduler.next(await this.dueLanes(now), [...this.inFlight.values()]);
    const candidates = await Promise.all(lanes.map((lane) => this.oldestDue(lane, now)));
    const claimed = await this.claim(candidates.filter((candidate) => candidate !== null));
    for (const delivery of claimed) this.startAttempt(delivery);
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

  private oldestDue({ appId, host }: DeliveryLane, now: Date): Promise<CallbackDelivery | null> {
    return this.db.read.findOne(CallbackDelivery, {
      where: { status: "PENDING", appId, host, dueAt: LessThanOrEqual(now) },
      order: { dueAt: "ASC", id: "ASC" },
    });
  }

  private async claim(candidates: readonly CallbackDelivery[]): Promise<CallbackDelivery[]> {
    if (candidates.length === 0) return [];
    const claimedAt = new Date();
    const dueAt = new Date(claimedAt.getTime() + this.timings.leaseMs);
    // In the same order everywhere, so that instances that claim the same rows do not deadlock.
    const inOrder = [...candidates].sort((one, other) => (one.id < other.id ? -1 : 1));
    return this.db.transaction(async (manager) => {
      const claimed: CallbackDelivery[] = [];
      for (const { id, version, attempts, ...delivery } of inOrder) {
        const claim = { version: version + 1, claimedAt, dueAt };
        const { affected } = await manager.update(CallbackDelivery, { id, version, status: "PENDING" }, claim);
        if (affected !== 1) continue;
        const interrupted = delivery.claimedAt === null ? [] : [interruptedAt(delivery.claimedAt)];
        claimed.push({ ...delivery, id, attempts: [...attempts, ...interrupted], ...claim });
      }
      return claimed;
    });
  }

  private startAttempt(delivery: CallbackDelivery): void {
    const { id, appId, host } = delivery;
    const abort = new AbortController();
    const done = this.attempt(delivery, abort)
      .catch((error: unknown) =>
        this.log.error({ err: error, deliveryId: id }, "failed to store the result of a callback attempt"),
      )
      .finally(() => {
        this.inFlight.delete(id);
        this.wake();
      });
    this.inFlight.set(id, { appId, host, abort, done });
  }

  private async attempt(delivery: CallbackDelivery, abort: AbortController): Promise<void> {
    const at = new Date();
    const startedAt = performance.now();
    const result = await this.send(delivery, at, abort).catch((error: unknown) => {
      this.log.error({ err: error, deliveryId: delivery.id }, "failed to post a callback");
      return { httpStatus: null, error: CallbackAttemptError.SERVER_FAULT };
    });
    if (result) await this.write(delivery, { at, ...result, durationMs: Math.round(performance.now() - startedAt) });
  }

  /** @returns undefined if the run was deleted */
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

  /**
   * The valid secrets, newest first. None if the newest cannot be decrypted, because receivers may no longer accept the
   * previous one.
   */
  private async secretsOf(appId: string): Promise<string[]> {
    const valid = [{ replacedAt: IsNull() }, { replacedAt: MoreThan(new Date(Date.now() - secretOverlapMs)) }];
    const rows = await this.db.read.find(CallbackSecret, {
      where: valid.map((condition) => ({ appId, ...condition })),
      order: { id: "DESC" },
    });
    const secrets: string[] = [];
    for (const { id, secret } of rows) {
      try {
        secrets.push(this.keyring.open(secret, callbackSecretPlace(id)));
      } catch (error) {
        if (!(error instanceof SecretUnreadableError)) throw error;
        this.log.error({ appId, reason: error.reason }, "failed to decrypt a callback secret");
        if (secrets.length === 0) return [];
      }
    }
    return secrets;
  }

  private async write(delivery: CallbackDelivery, attempt: CallbackAttempt): Promise<void> {
    const { id, runId, version } = delivery;
    const next = nextOf(this.timings, delivery, attempt);
    const attempts = [...delivery.attempts, attempt].slice(-maxKeptAttempts);
    // On the condition that the lease has not expired and no other instance has taken over.
    await this.db.transaction((manager) =>
      manager.update(CallbackDelivery, { id, version }, { attempts, claimedAt: null, ...next }),
    );
    const { httpStatus, error } = attempt;
    if (next.status === "FAILED") this.log.warn({ deliveryId: id, runId, httpStatus, error }, "gave up on a callback");
  }
}

/** The state of a delivery after an attempt. */
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
