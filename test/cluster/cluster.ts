import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MariaDbServer } from "../support/mariadb";
import { type Environment, TestProcess } from "../support/process";
import { RedisServer } from "../support/redis";

export interface ClusterOptions {
  readonly servers: number;
  readonly adminKey: string;
  /** What all servers are told besides. */
  readonly environment?: Environment;
}

/** Several servers on one MariaDB and one Redis, all of them its own, in folders that go when it ends. */
export class Cluster {
  readonly servers: TestProcess[] = [];

  private constructor(
    readonly database: MariaDbServer,
    readonly redis: RedisServer,
    private readonly folder: string,
  ) {}

  /** Starts all, one server after the other, and waits until they serve. */
  static async start({ servers, adminKey, environment }: ClusterOptions): Promise<Cluster> {
    const [database, redis] = await Promise.all([MariaDbServer.start(), RedisServer.start()]);
    const cluster = new Cluster(database, redis, await mkdtemp(join(tmpdir(), "latchkey-cluster-")));
    try {
      for (let index = 0; index < servers; index += 1) {
        await cluster.serve({
          DATABASE_URL: database.url,
          REDIS_URL: redis.url,
          ADMIN_KEY: adminKey,
          DATA_DIR: join(cluster.folder, "data"),
          ...environment,
        });
      }
    } catch (error) {
      await cluster.end();
      throw error;
    }
    return cluster;
  }

  /** Kills a server and starts another in its place, at the same port. */
  async restart(index: number): Promise<void> {
    const { environment, url } = this.server(index);
    await this.server(index).end("SIGKILL");
    const next = new TestProcess({ ...environment, PORT: new URL(url).port });
    this.servers[index] = next;
    await next.ready();
  }

  server(index: number): TestProcess {
    const server = this.servers[index];
    if (!server) throw new RangeError(`There are ${this.servers.length} servers, and none of number ${index}`);
    return server;
  }

  async end(): Promise<void> {
    await Promise.all(this.servers.map((server) => (server.exit === null ? server.end("SIGKILL") : server.exited)));
    await Promise.all([this.database.remove(), this.redis.stop()]);
    await rm(this.folder, { recursive: true, force: true });
  }

  private async serve(environment: Environment): Promise<void> {
    const server = new TestProcess(environment);
    this.servers.push(server);
    await server.ready();
  }
}
