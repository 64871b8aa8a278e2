import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Redis } from "ioredis";
import { freePort } from "./free-port";
import { eventually } from "./runs";

/** A Redis server that can be stopped and restarted. */
export class RedisServer {
  private child: ChildProcess | undefined;

  private constructor(readonly port: number) {}

  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await freePort());
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const options = ["--port", `${this.port}`, "--bind", "127.0.0.1", "--save", "", "--dir", "/tmp"];
    this.child = spawn("redis-server", options, { stdio: "ignore" });
    await once(this.child, "spawn").catch((error: unknown) => {
      throw new Error("Redis is required, but is not installed; on Debian, run apt-get install redis-server", {
        cause: error,
      });
    });
    await eventually(() => this.ask((redis) => redis.ping()).catch(() => undefined));
  }

  /** Suspends the process: connections stay open, but nothing is answered. */
  hang(): void {
    this.child?.kill("SIGSTOP");
  }

  wake(): void {
    this.child?.kill("SIGCONT");
  }

  /** Kills the process. All its data is lost. */
  async stop(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    // It may have exited already: Ctrl-C is sent to all processes of a terminal.
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  async ask<Result>(work: (redis: Redis) => Promise<Result>): Promise<Result> {
    const redis = new Redis(this.url, { maxRetriesPerRequest: 0, retryStrategy: () => null });
    redis.on("error", () => undefined);
    try {
      return await work(redis);
    } finally {
      redis.disconnect();
    }
  }
}
