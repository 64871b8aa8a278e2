import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { type EntityManager, IsNull, LessThanOrEqual, MoreThan } from "typeorm";
import type { Database } from "../../platform/database/database";
import type { Outbound } from "../../platform/outbound/outbound";
import { FairScheduler } from "../../platform/process/fair-scheduler";
import { WakeUp } from "../../platform/process/wake-up";
import { type Keyring, SecretUnreadableError } from "../../platform/secrets/keyring";
import { type CallbackTimings, retryAt } from "./retry-schedule";
import { CallbackSecret, callbackSecretPlace } from "./callback-secret.entity";
import {
  type CallbackAttempt,
  CallbackAttemptError,
  type CallbackDeliveryStatus,
  type Delivery,
} from "./delivery.entity";
import { cancellation } from "./delivery-cancellation";
import { postWebhook } from "./post-webhook";
import { signedHeaders } from "./signing";

/** Callbacks are signed with a replaced secret as well as with its successor for this time. */
const secretOverlapMs = 24 * 60 * 60 * 1_000;
const maxKeptAttempts = 50;
const concurrency = { total: 64, perApp: 8, perLane: 4 };
/** The scheduler chooses among this number of lanes: of each app those that have been due the longest. */
const [maxLanes, maxLanesOfApp] = [1_000, 2 * concurrency.perApp];

/** The subject of deliveries of one kind. */
export interface DeliveryKind<Row extends Delivery> {
  readonly entity: new () => Row;
  /** In log lines, such as `callback`. */
  readonly name: string;
  /** The body and the URL of a delivery; undefined if what it is about was deleted. The URL is undefined if it can't be decrypted. */
  contentOf(delivery: Row): Promise<{ readonly body: string; readonly url: string | undefined } | undefined>;
  /** The ids of the deliveries that must not be posted any longer. */
  cancelledAmong(manager: EntityManager, deliveries: readonly Row[]): Promise<ReadonlySet<string>>;
}

/** The unit that is delivered in parallel with others: the deliveries of one app to one host. */
interface DeliveryLane {
  readonly appId: string;
  /** The host. */
  readonly lane: string;
}

interface InFlightDelivery extends DeliveryLane {
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

/**
 * Posts the due deliveries of one kind in the database. An instance claims an attempt by an update that increments the row's version
 * on the condition that the version is unchanged. If that instance dies, another one takes over after the lease.
 */
export class Dispatcher<Row extends Delivery> {
  private readonly scheduler = new FairScheduler(concurrency);
  private readonly inFlight = new Map<string, InFlightDelivery>();
  private loop: Promise<void> | undefined;
  private readonly closing = new AbortController();
  private readonly work = new WakeUp();

  constructor(
    private readonly kind: DeliveryKind<Row>,
    private readonly db: Database,
    private readonly keyring: Keyring,
    private readonly outbound: Outbound,
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

  /** Stops attempts in progress whose deliveries were cancelled. */
  abort(ids: readonly string[]): void {
    for (const id of ids) this.inFlight.get(id)?.abort.abort();
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
        this.log.error({ err: error }, `failed to look for due ${this.kind.name}s; retrying`);
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

  /** Takes a bounded number of lanes of each app, so that the lanes of one app can't hide those of another. */
  private dueLanes(now: Date): Promise<DeliveryLane[]> {
    const lanes = this.db.read
      .createQueryBuilder(this.entity, "delivery")
      .select("delivery.appId", "appId")
      .addSelect("delivery.host", "lane")
      .addSelect("MIN(delivery.dueAt)", "firstDueAt")
      .addSelect("ROW_NUMBER() OVER (PARTITION BY delivery.appId ORDER BY MIN(delivery.dueAt))", "ordinal")
      .where("delivery.status = :status", { status: "PENDING" })
      .groupBy("delivery.appId")
      .addGroupBy("delivery.host")
      .having("MIN(delivery.dueAt) <= :now", { now });
    return this.db.read
      .createQueryBuilder()
      .select("lanes.appId", "appId")
      .addSelect("lanes.lane", "lane")
      .from(`(${lanes.getQuery()})`, "lanes")
      .setParameters(lanes.getParameters())
      .where("lanes.ordinal <= :maxLanesOfApp", { maxLanesOfApp })
      .orderBy("lanes.ordinal")
      .addOrderBy("lanes.firstDueAt")
      .limit(maxLanes)
      .getRawMany<DeliveryLane>();
  }

  private oldestDue({ appId, lane: host }: DeliveryLane, now: Date): Promise<Row | null> {
    return this.db.read.findOne(this.entity, {
      where: { status: "PENDING", appId, host, dueAt: LessThanOrEqual(now) },
      order: { dueAt: "ASC", id: "ASC" },
    }) as Promise<Row | null>;
  }

  /** For conditions and changes, which are about the columns that all kinds have. */
  private get entity(): new () => Delivery {
    return this.kind.entity;
  }

  private async claim(candidates: readonly Row[]): Promise<Row[]> {
    if (candidates.length === 0) return [];
    const claimedAt = new Date();
    const dueAt = new Date(claimedAt.getTime() + this.timings.leaseMs);
    // In the same order everywhere, so that instances that claim the same rows do not deadlock.
    const inOrder = [...candidates].sort((one, other) => (one.id < other.id ? -1 : 1));
    return this.db.transaction(async (manager) => {
      const claimed: Row[] = [];
      const cancelled = await this.kind.cancelledAmong(manager, inOrder);
      for (const delivery of inOrder) {
        const { id, version, attempts } = delivery;
        if (cancelled.has(id)) {
          await manager.update(this.entity, { id, version, status: "PENDING" }, cancellation);
          continue;
        }
        const claim = { version: version + 1, claimedAt, dueAt };
        const { affected } = await manager.update(this.entity, { id, version, status: "PENDING" }, claim);
        if (affected !== 1) continue;
        const interrupted = delivery.claimedAt === null ? [] : [interruptedAt(delivery.claimedAt)];
        claimed.push({ ...delivery, attempts: [...attempts, ...interrupted], ...claim });
      }
      return claimed;
    });
  }

  private startAttempt(delivery: Row): void {
    const { id, appId, host } = delivery;
    const abort = new AbortController();
    const done = this.attempt(delivery, abort)
      .catch((error: unknown) =>
        this.log.error(
          { err: error, deliveryId: id },
          `failed to store the result of an attempt to post the ${this.kind.name}`,
        ),
      )
      .finally(() => {
        this.inFlight.delete(id);
        this.wake();
      });
    this.inFlight.set(id, { appId, lane: host, abort, done });
  }

  private async attempt(delivery: Row, abort: AbortController): Promise<void> {
    const at = new Date();
    const startedAt = performance.now();
    const result = await this.send(delivery, at, abort).catch((error: unknown) => {
      this.log.error({ err: error, deliveryId: delivery.id }, `failed to post the ${this.kind.name}`);
      return { httpStatus: null, error: CallbackAttemptError.SERVER_FAULT };
    });
    if (result) await this.write(delivery, { at, ...result, durationMs: Math.round(performance.now() - startedAt) });
  }

  /** @returns undefined if what it is about was deleted, or if the delivery is to be cancelled */
  private async send(
    delivery: Row,
    at: Date,
    abort: AbortController,
  ): Promise<Pick<CallbackAttempt, "httpStatus" | "error"> | undefined> {
    const { id, appId } = delivery;
    const content = await this.kind.contentOf(delivery);
    if (!content) return undefined;
    const { body, url } = content;
    const secrets = await this.secretsOf(appId);
    if (secrets.length === 0 || url === undefined) return { httpStatus: null, error: "SECRET_UNREADABLE" };
    // Again and last, since the process may have been suspended after it claimed the delivery.
    if ((await this.kind.cancelledAmong(this.db.read, [delivery])).size > 0) return undefined;
    return postWebhook(
      this.outbound.post,
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
        secrets.push(this.keyring.open(secret, callbackSecretPlace({ id, appId })));
      } catch (error) {
        if (!(error instanceof SecretUnreadableError)) throw error;
        this.log.error({ appId, reason: error.reason }, "failed to decrypt a callback secret");
        if (secrets.length === 0) return [];
      }
    }
    return secrets;
  }

  private async write(delivery: Row, attempt: CallbackAttempt): Promise<void> {
    const { id, appId, version } = delivery;
    const next = nextOf(this.timings, delivery, attempt);
    const attempts = [...delivery.attempts, attempt].slice(-maxKeptAttempts);
    // On the condition that the lease has not expired and no other instance has taken over.
    await this.db.transaction((manager) =>
      manager.update(this.entity, { id, version }, { attempts, claimedAt: null, ...next }),
    );
    const { httpStatus, error } = attempt;
    if (next.status === "FAILED")
      this.log.warn({ deliveryId: id, appId, httpStatus, error }, `gave up on the ${this.kind.name}`);
  }
}

/** The state of a delivery after an attempt. */
function nextOf(
  timings: CallbackTimings,
  { begunAt, failures }: Delivery,
  { httpStatus, error }: CallbackAttempt,
): { status: CallbackDeliveryStatus; failures: number; dueAt: Date | null } {
  const now = new Date();
  if (error === null) return { status: "DELIVERED", failures, dueAt: null };
  if (error === "INTERRUPTED") return { status: "PENDING", failures, dueAt: now };

  const dueAt = httpStatus === 410 ? undefined : retryAt(timings, failures + 1, begunAt ?? now, now);
  return { status: dueAt ? "PENDING" : "FAILED", failures: failures + 1, dueAt: dueAt ?? null };
}

const interruptedAt = (at: Date): CallbackAttempt => ({ at, httpStatus: null, error: "INTERRUPTED", durationMs: null });
