import { FaultProxy } from "../../support/proxy";
import { ModelServer } from "../../support/model-server";
import { type Environment, TestProcess } from "../../support/process";
import { eventually } from "../../support/runs";
import { Cluster } from "../../support/cluster/cluster";
import type { TestCredential } from "../../support/client";
import { Instance } from "./instance";

const adminKey = "the-administrators-key-in-proofs";

/** Whom all may be asked of. */
export const administrator: TestCredential = ["authorization", `Bearer ${adminKey}`];

const instances = 3;

/**
 * Everything that takes part: three servers, each with ways of its own to the database and to Redis that can fail, and a
 * worker without, so that what is streamed is made whatever happens to the servers.
 */
export class Stage {
  private constructor(
    readonly cluster: Cluster,
    readonly instances: readonly Instance[],
    readonly model: ModelServer,
    private readonly worker: TestProcess,
    private readonly proxies: readonly FaultProxy[],
  ) {}

  /** @param more what the servers are told besides */
  static async start(more: Environment): Promise<Stage> {
    const model = await ModelServer.start();
    const proxies: { database: FaultProxy; redis: FaultProxy }[] = [];
    const common = { LOG_LEVEL: "fatal", MODEL_ALLOWED_HOSTS: `127.0.0.1:${model.port}` };
    const cluster = await Cluster.start({
      servers: instances,
      adminKey,
      environment: { ...common, RUN_WORKER: "off", ...more },
      async environmentOf(_index, { database, redis }) {
        const own = {
          database: await FaultProxy.start({ host: "127.0.0.1", port: database.port }),
          redis: await FaultProxy.start({ host: "127.0.0.1", port: redis.port }),
        };
        proxies.push(own);
        return {
          DATABASE_URL: database.urlAt(own.database.port),
          REDIS_URL: `redis://127.0.0.1:${own.redis.port}`,
        };
      },
    });
    const { environment } = cluster.server(0);
    const worker = new TestProcess(
      {
        ...environment,
        ...common,
        DATABASE_URL: cluster.database.url,
        REDIS_URL: cluster.redis.url,
        LOG_LEVEL: "info",
      },
      ["cli/worker.js"],
    );
    const stage = new Stage(
      cluster,
      proxies.map(({ database, redis }, index) => new Instance(index, cluster, database, redis)),
      model,
      worker,
      proxies.flatMap(({ database, redis }) => [database, redis]),
    );
    await eventually(() => worker.exit !== null || worker.stderr.includes("the worker is ready"), 30_000);
    if (worker.exit !== null) {
      await stage.end();
      throw new Error(`The worker exited with ${worker.exit}: ${worker.stderr}`);
    }
    return stage;
  }

  /** Those that nothing keeps from answering; all, where there is none. */
  get well(): readonly Instance[] {
    const well = this.instances.filter(({ isWell }) => isWell);
    return well.length > 0 ? well : this.instances;
  }

  async end(): Promise<void> {
    await Promise.all(this.instances.map(({ door }) => door.close()));
    if (this.worker.exit === null) await this.worker.end("SIGKILL");
    await this.cluster.end();
    await Promise.all(this.proxies.map((proxy) => proxy.stop()));
    await this.model.stop();
  }
}
