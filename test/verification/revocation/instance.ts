import type { Cluster } from "../../support/cluster/cluster";
import type { Environment } from "../../support/process";
import type { FaultProxy } from "../../support/proxy";
import { HttpClient } from "../http-client";
import { InstanceMonitor } from "./instance-monitor";

/** As many requests as may wait for an instance that is asleep. */
const connections = 400;

/** How long a request is waited for, in milliseconds: longer than any instance sleeps. */
const patience = 20_000;

/** One of the servers, with ways of its own to the database and to Redis. */
export class Instance {
  readonly health = new InstanceMonitor();
  /** Of the API; the same after a restart. */
  readonly url: string;
  readonly door: HttpClient;

  constructor(
    readonly index: number,
    private readonly cluster: Cluster,
    private readonly database: FaultProxy,
    readonly redis: FaultProxy,
  ) {
    this.url = cluster.server(index).url;
    this.door = new HttpClient(this.url, connections, { headersTimeout: patience, bodyTimeout: patience });
  }

  /** Whether nothing keeps it from answering just now. */
  get isWell(): boolean {
    return !(["asleep", "dead", "database"] as const).some((trouble) => this.health.has(trouble));
  }

  get pid(): number {
    return this.cluster.server(this.index).pid;
  }

  get isDead(): boolean {
    return this.health.has("dead");
  }

  sleep(): void {
    this.health.begin("asleep");
    this.cluster.server(this.index).signal("SIGSTOP");
  }

  wake(): void {
    this.cluster.server(this.index).signal("SIGCONT");
    this.health.end("asleep");
  }

  /** Kills it, and starts another in its place. */
  async restart(more?: Environment): Promise<void> {
    this.health.begin("dead");
    await this.cluster.restart(this.index, more);
    this.health.end("dead");
  }

  /** Each statement takes so many milliseconds longer. */
  async slowDatabase(milliseconds: number): Promise<void> {
    this.health.begin("database");
    await this.database.delay(milliseconds / 2);
  }

  async cutDatabase(): Promise<void> {
    this.health.begin("database");
    await this.database.cut();
  }

  async mendDatabase(): Promise<void> {
    await this.database.mend();
    this.health.end("database");
  }
}
