import { setTimeout as delay } from "node:timers/promises";
import { Queue, Worker } from "bullmq";
import type { Redis } from "ioredis";
import type { RedisConnections } from "../../../platform/redis/redis";
import type { RunQueue, RunConsumer } from "./run-queue";

const name = "runs";
/** BullMQ never closes if it has never reached Redis. */
const closeTimeoutMs = 1_000;
/** Delay before a worker that failed is restarted, in milliseconds. */
const restartDelayMs = 1_000;

/** Distributes notifications over the instances with BullMQ. While Redis is unavailable there are none. */
export class BullRunQueue implements RunQueue {
  private readonly sender: Redis;
  private readonly queue: Queue;
  private readonly stopping = new AbortController();
  private worker: Worker | undefined;

  constructor(private readonly redis: RedisConnections) {
    this.sender = redis.openPublisher();
    this.queue = new Queue(name, { connection: this.sender, prefix: redis.prefix, skipVersionCheck: true });
    this.queue.on("error", redis.logFailure);
  }

  notifyWork(): void {
    // Otherwise BullMQ keeps any number of notifications in memory until Redis is back.
    if (this.sender.status !== "ready") return;
    // Redis keeps no finished or failed job.
    this.queue.add(name, null, { removeOnComplete: true, removeOnFail: true }).catch(this.redis.logFailure);
  }

  start(consumer: RunConsumer): void {
    void this.runWorker(consumer);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.closeInTime(this.worker?.close(true));
  }

  async close(): Promise<void> {
    await this.closeInTime(this.queue.close());
  }

  /** Handles one notification at a time, so that a busy instance holds back at most one from the others. */
  private async runWorker(consumer: RunConsumer): Promise<void> {
    const { signal } = this.stopping;
    const options = { connection: this.redis.openSubscriber(), prefix: this.redis.prefix, skipVersionCheck: true };
    const handle = async () => {
      await consumer.whenSlotFree();
      await consumer.claimNext();
    };
    for (;;) {
      this.worker = new Worker(name, handle, { ...options, autorun: false });
      this.worker.on("error", this.redis.logFailure);
      // It ends by itself if Redis became unavailable while it started.
      await this.worker.run().catch(this.redis.logFailure);
      if (signal.aborted) return;
      await this.closeInTime(this.worker.close(true));
      await delay(restartDelayMs, undefined, { signal }).catch(() => undefined);
    }
  }

  private async closeInTime(closing: Promise<void> | undefined): Promise<void> {
    await Promise.race([closing?.catch(this.redis.logFailure), delay(closeTimeoutMs, undefined, { ref: false })]);
  }
}
