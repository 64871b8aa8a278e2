import { anyNumberOfGuesses } from "../own-server";
import { allowHosts } from "../../support/allowed-hosts";
import { FaultProxy } from "../../support/proxy";
import { ModelServer } from "../../support/model-server";
import { type Environment, TestProcess } from "../../support/process";
import { eventually } from "../../support/runs";
import { Cluster } from "../../support/cluster/cluster";
import type { TestCredential } from "../../support/client";
import { CallbackLog } from "./callback-log";
import { Instance } from "./instance";

const adminKey = "the-administrators-key-in-verification";

export const administrator: TestCredential = ["authorization", `Bearer ${adminKey}`];

const instanceCount = 3;

/**
 * Three servers that reach the database and Redis through their own proxies, which inject faults, and one worker that
 * reaches them directly, so that runs produce events regardless of the faults.
 */
export class Testbed {
  private constructor(
    readonly cluster: Cluster,
    readonly instances: readonly Instance[],
    readonly model: ModelServer,
    readonly callbacks: CallbackLog,
    private readonly worker: TestProcess,
    private readonly proxies: readonly FaultProxy[],
  ) {}

  /** @param extraVariables additional environment variables of the servers and of the worker */
  static async start(extraVariables: Environment): Promise<Testbed> {
    const model = await ModelServer.start();
    const callbacks = await CallbackLog.start();
    const proxies: { database: FaultProxy; redis: FaultProxy }[] = [];
    const common = {
      LOG_LEVEL: "fatal",
      ...anyNumberOfGuesses,
      ...allowHosts(`127.0.0.1:${model.port},${callbacks.host}`),
    };
    const cluster = await Cluster.start({
      servers: instanceCount,
      adminKey,
      environment: { ...common, RUN_WORKER: "off", ...extraVariables },
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
        ...extraVariables,
        DATABASE_URL: cluster.database.url,
        REDIS_URL: cluster.redis.url,
        LOG_LEVEL: "info",
      },
      ["worker"],
    );
    const testbed = new Testbed(
      cluster,
      proxies.map(({ database, redis }, index) => new Instance(index, cluster, database, redis)),
      model,
      callbacks,
      worker,
      proxies.flatMap(({ database, redis }) => [database, redis]),
    );
    await eventually(() => worker.exit !== null || worker.stderr.includes("the worker is ready"), 30_000);
    if (worker.exit !== null) {
      await testbed.stop();
      throw new Error(`The worker exited with ${worker.exit}: ${worker.stderr}`);
    }
    return testbed;
  }

  /** All instances if none is healthy. */
  get healthyInstances(): readonly Instance[] {
    const healthy = this.instances.filter(({ isHealthy }) => isHealthy);
    return healthy.length > 0 ? healthy : this.instances;
  }

  async stop(): Promise<void> {
    await Promise.all(this.instances.map(({ client }) => client.close()));
    if (this.worker.exit === null) await this.worker.end("SIGKILL");
    await this.cluster.end();
    await Promise.all(this.proxies.map((proxy) => proxy.stop()));
    await this.model.stop();
    await this.callbacks.stop();
  }
}
