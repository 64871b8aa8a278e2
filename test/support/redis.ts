import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { Redis } from "ioredis";
import { eventually } from "./runs";

/** A Redis server of one test, which can be stopped and started again. */
export class RedisServer {
  private child: ChildProcess | undefined;

  private constructor(readonly port: number) {}

  static async start(): Promise<RedisServer> {
    const probe = createServer().listen(0, "127.0.0.1");
    await once(probe, "listening");
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    const server = new RedisServer(port);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const options = ["--port", `${this.port}`, "--bind", "127.0.0.1", "--save", "", "--dir", "/tmp"];
    this.child = spawn("redis-server", options, { stdio: "ignore" });
    await eventually(() => this.ask((redis) => redis.ping()).catch(() => undefined));
  }

  /** Lets it hang: connections stay open, and nothing is answered any more. */
  hang(): void {
    this.child?.kill("SIGSTOP");
  }

  /** Stops it, and all that it knew is lost. */
  async stop(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (!child) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  async ask<Answer>(what: (redis: Redis) => Promise<Answer>): Promise<Answer> {
    const redis = new Redis(this.url, { maxRetriesPerRequest: 0, retryStrategy: () => null });
    redis.on("error", () => undefined);
    try {
      return await what(redis);
    } finally {
      redis.disconnect();
    }
  }
}
