import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../free-port";
import { MariaDbServer } from "../mariadb";
import { type Environment, TestProcess } from "../process";
import { RedisServer } from "../redis";

export interface ClusterOptions {
  readonly servers: number;
  readonly adminKey: string;
  /** The environment variables of all servers. */
  readonly environment?: Environment;
  /** The additional environment variables of the server with this index. */
  environmentOf?(index: number, cluster: Omit<Cluster, "servers">): Promise<Environment>;
}

/** Several servers that share a MariaDB and a Redis. `end` removes everything. */
export class Cluster {
  readonly servers: TestProcess[] = [];

  private constructor(
    readonly database: MariaDbServer,
    readonly redis: RedisServer,
    private readonly folder: string,
  ) {}

  /** Starts the servers sequentially, and waits until each is ready. */
  static async start({ servers, adminKey, environment, environmentOf }: ClusterOptions): Promise<Cluster> {
    const [database, redis] = await Promise.all([MariaDbServer.start(), RedisServer.start()]);
    const cluster = new Cluster(database, redis, await mkdtemp(join(tmpdir(), "latchkey-cluster-")));
    try {
      for (let index = 0; index < servers; index += 1) {
        const own = await environmentOf?.(index, cluster);
        await cluster.serve({
          DATABASE_URL: database.url,
          REDIS_URL: redis.url,
          ADMIN_KEY: adminKey,
          DATA_DIR: join(cluster.folder, "data"),
          ...environment,
          ...own,
        });
      }
    } catch (error) {
      await cluster.end();
      throw error;
    }
    return cluster;
  }

  /**
   * Kills a server, and starts a new one with the same index and port.
   *
   * @param extraVariables environment variables in addition to those of the killed server
   */
  async restart(index: number, extraVariables: Environment = {}): Promise<void> {
    const { environment } = this.server(index);
    await this.server(index).end("SIGKILL");
    const next = new TestProcess({ ...environment, ...extraVariables });
    this.servers[index] = next;
    await next.ready();
  }

  server(index: number): TestProcess {
    const server = this.servers[index];
    if (!server) throw new RangeError(`The cluster has ${this.servers.length} servers, and no server ${index}`);
    return server;
  }

  async end(): Promise<void> {
    await Promise.all(this.servers.map((server) => (server.exit === null ? server.end("SIGKILL") : server.exited)));
    await Promise.all([this.database.remove(), this.redis.stop()]);
    await rm(this.folder, { recursive: true, force: true });
  }

  private async serve(environment: Environment): Promise<void> {
    const server = new TestProcess({ PORT: String(await freePort()), ...environment });
    this.servers.push(server);
    await server.ready();
  }
}
