import { setTimeout as delay } from "node:timers/promises";
import { Queue, Worker } from "bullmq";
import type { Redis } from "ioredis";
import type { RedisConnections } from "../../../platform/redis/redis";
import type { RunQueue, RunConsumer } from "./run-queue";

const name = "runs";
/** How long BullMQ may take to close, in milliseconds: where it has never found Redis it waits for ever. */
const patience = 1_000;
/** How long one that has broken down is left alone, in milliseconds. */
const pause = 1_000;

/** Hands the tickets to whichever instance is free, by BullMQ. While Redis is away there are none. */
export class BullRunQueue implements RunQueue {
  private readonly sender: Redis;
  private readonly queue: Queue;
  private readonly leaving = new AbortController();
  private worker: Worker | undefined;

  constructor(private readonly redis: RedisConnections) {
    this.sender = redis.toSend();
    this.queue = new Queue(name, { connection: this.sender, prefix: redis.prefix, skipVersionCheck: true });
    this.queue.on("error", redis.complain);
  }

  notifyWork(): void {
    // BullMQ would keep it until Redis comes back, however many there are by then.
    if (this.sender.status !== "ready") return;
    // Whatever becomes of it, Redis is to keep nothing.
    this.queue.add(name, null, { removeOnComplete: true, removeOnFail: true }).catch(this.redis.complain);
  }

  start(taker: RunConsumer): void {
    void this.work(taker);
  }

  async stop(): Promise<void> {
    this.leaving.abort();
    await this.patiently(this.worker?.close(true));
  }

  async close(): Promise<void> {
    await this.patiently(this.queue.close());
  }

  /** Takes one ticket after the other, so that one that can't be served now is kept from others for a while at most. */
  private async work(taker: RunConsumer): Promise<void> {
    const { signal } = this.leaving;
    const options = { connection: this.redis.toListen(), prefix: this.redis.prefix, skipVersionCheck: true };
    const handle = async () => {
      await taker.whenSlotFree();
      await taker.claimNext();
    };
    for (;;) {
      this.worker = new Worker(name, handle, { ...options, autorun: false });
      this.worker.on("error", this.redis.complain);
      // It ends by itself where Redis went away while it began.
      await this.worker.run().catch(this.redis.complain);
      if (signal.aborted) return;
      await this.patiently(this.worker.close(true));
      await delay(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  private async patiently(closing: Promise<void> | undefined): Promise<void> {
    await Promise.race([closing?.catch(this.redis.complain), delay(patience, undefined, { ref: false })]);
  }
}
