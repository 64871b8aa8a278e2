import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import type { RedisConnections } from "../../../platform/redis/redis";
import type { RunNotificationBus } from "./run-notifier";

/** How often a connection on which nothing else is said is tried, in milliseconds. */
const trial = 5_000;

/** Carries the news of runs to the other instances, as far as Redis is there. */
export class RedisRunNotificationBus implements RunNotificationBus {
  private readonly id = randomUUID();
  private readonly channel: string;
  private readonly sender: Redis;

  constructor(private readonly redis: RedisConnections) {
    this.channel = `${redis.prefix}:run-news`;
    this.sender = redis.toSend();
  }

  send(runId: string): void {
    if (this.sender.status !== "ready") return;
    this.sender.publish(this.channel, `${this.id} ${runId}`).catch(this.redis.complain);
  }

  listen(hear: (runId: string) => void): void {
    const listener = this.redis.toListen();
    listener.on("message", (_channel, message: string) => {
      const [from, runId] = message.split(" ");
      if (from !== this.id && runId !== undefined) hear(runId);
    });
    listener.subscribe(this.channel).catch(this.redis.complain);
    // One that leads nowhere looks as if there were no news; where this is not answered it is made anew.
    const trying = setInterval(() => {
      if (listener.status === "ready") listener.ping().catch(this.redis.complain);
    }, trial).unref();
    listener.once("end", () => clearInterval(trying));
  }
}
