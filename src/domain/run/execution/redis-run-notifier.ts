import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import type { RedisConnections } from "../../../platform/redis/redis";
import type { RunNotificationBus } from "./run-notifier";

/** An idle subscription is pinged at this interval. */
const pingIntervalMs = 5_000;

/** Exchanges notifications of runs with other instances while Redis is available. */
export class RedisRunNotificationBus implements RunNotificationBus {
  private readonly id = randomUUID();
  private readonly channel: string;
  private readonly sender: Redis;

  constructor(private readonly redis: RedisConnections) {
    this.channel = `${redis.prefix}:run-news`;
    this.sender = redis.openPublisher();
  }

  send(runId: string): void {
    if (this.sender.status !== "ready") return;
    this.sender.publish(this.channel, `${this.id} ${runId}`).catch(this.redis.logFailure);
  }

  listen(onMessage: (runId: string) => void): void {
    const subscriber = this.redis.openSubscriber();
    subscriber.on("message", (_channel, message: string) => {
      const [senderId, runId] = message.split(" ");
      if (senderId !== this.id && runId !== undefined) onMessage(runId);
    });
    subscriber.subscribe(this.channel).catch(this.redis.logFailure);
    // A half-open connection looks like silence. A ping that gets no answer makes the client reconnect.
    const pings = setInterval(() => {
      if (subscriber.status === "ready") subscriber.ping().catch(this.redis.logFailure);
    }, pingIntervalMs).unref();
    subscriber.once("end", () => clearInterval(pings));
  }
}
