import type { Cluster } from "../../support/cluster/cluster";
import type { Environment } from "../../support/process";
import type { FaultProxy } from "../../support/proxy";
import { HttpClient } from "../http-client";
import { InstanceMonitor } from "./instance-monitor";

/** Enough for the requests that queue up while the instance is suspended. */
const maxConnections = 400;

/** Longer than any suspension. */
const requestTimeoutMs = 20_000;

/** One of the servers, with its own proxies to the database and to Redis. */
export class Instance {
  readonly monitor = new InstanceMonitor();
  /** The URL of the API, which stays the same across restarts. */
  readonly url: string;
  readonly client: HttpClient;

  constructor(
    readonly index: number,
    private readonly cluster: Cluster,
    private readonly database: FaultProxy,
    readonly redis: FaultProxy,
  ) {
    this.url = cluster.server(index).url;
    this.client = new HttpClient(this.url, maxConnections, {
      headersTimeout: requestTimeoutMs,
      bodyTimeout: requestTimeoutMs,
    });
  }

  get isHealthy(): boolean {
    return !(["suspended", "dead", "database"] as const).some((disruption) => this.monitor.is(disruption));
  }

  get pid(): number {
    return this.cluster.server(this.index).pid;
  }

  get isDead(): boolean {
    return this.monitor.is("dead");
  }

  suspend(): void {
    this.monitor.begin("suspended");
    this.cluster.server(this.index).signal("SIGSTOP");
  }

  resume(): void {
    this.cluster.server(this.index).signal("SIGCONT");
    this.monitor.end("suspended");
  }

  /** Kills the process, and starts a new one with the same port. */
  async restart(extraVariables?: Environment): Promise<void> {
    this.monitor.begin("dead");
    await this.cluster.restart(this.index, extraVariables);
    this.monitor.end("dead");
  }

  /** Adds this latency to each round trip. */
  async slowDatabase(latencyMs: number): Promise<void> {
    this.monitor.begin("database");
    await this.database.delay(latencyMs / 2);
  }

  async disconnectDatabase(): Promise<void> {
    this.monitor.begin("database");
    await this.database.cut();
  }

  async healDatabase(): Promise<void> {
    await this.database.mend();
    this.monitor.end("database");
  }
}
