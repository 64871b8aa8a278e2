import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino, { type Logger } from "pino";
import * as planning from "../../src/api/graphql/execution/plan";
import { type Config, readConfig } from "../../src/config";
import type { Model } from "../../src/model/model";
import { type RunningServer, startServer } from "../../src/server";
import type { Timings } from "../../src/timings";
import { Client } from "./client";
import { createTestDatabase, sqlOn } from "./database";
import { freePort } from "./free-port";
import { createTestStore, type TestStore } from "./store";
import { TestApp } from "./test-app";
import { testTimings } from "./timings";

export const adminKey = "the-administrators-key-in-tests";
const testLog = () => pino({ level: process.env["TEST_LOG_LEVEL"] ?? "silent" });

/** The results must not depend on which of the two executes an operation. */
function chooseExecution(): void {
  if (process.env["TEST_EXECUTION"] !== "graphql-js") return;
  const withoutPlans: Partial<typeof planning> = { planOf: () => undefined };
  Object.assign(planning, withoutPlans);
}

/** A real server with its own port and database. */
export class TestServer {
  private constructor(
    private server: RunningServer,
    private config: Config,
    private readonly models: Readonly<Record<string, Model>>,
    private readonly log: Logger,
    private readonly timings: Timings,
    readonly store: TestStore,
    private readonly drop: () => Promise<unknown>,
  ) {}

  static async start(
    environment: Readonly<Record<string, string>> = {},
    models: Readonly<Record<string, Model>> = {},
    log = testLog(),
    timings = testTimings,
  ): Promise<TestServer> {
    chooseExecution();
    const dataDir = await mkdtemp(join(tmpdir(), "latchkey-test-"));
    const database = await createTestDatabase();
    const store = await createTestStore(dataDir);
    const config = readConfig({
      PORT: String(await freePort()),
      DATA_DIR: dataDir,
      DATABASE_URL: database.url,
      ADMIN_KEY: adminKey,
      ...store.environment,
      ...environment,
    });
    const server = await startServer(config, log, models, undefined, timings);
    return new TestServer(server, config, models, log, timings, store, database.drop);
  }

  /** Stops the server, and starts a new one with the same port and data. @param whileStopped runs between the two */
  async restart(whileStopped: () => Promise<unknown> = () => Promise.resolve()): Promise<void> {
    await this.server.close();
    await whileStopped();
    this.server = await startServer(this.config, this.log, this.models, undefined, this.timings);
  }

  /** Restarts it with another configuration. */
  async restartWith(config: Partial<Config>): Promise<void> {
    this.config = { ...this.config, ...config };
    await this.restart();
  }

  /** Runs a statement on a separate connection, for state that the API can neither create nor show. */
  readonly sql = (statement: string): Promise<Record<string, unknown>[]> => sqlOn(this.config.database, statement);

  async stop(): Promise<void> {
    await this.server.close();
    await this.drop();
    await this.store.drop();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  get dataDir(): string {
    return this.config.dataDir;
  }

  /** Undefined on SQLite. */
  get databaseUrl(): string | undefined {
    const { database } = this.config;
    return database.type === "mysql" ? database.url : undefined;
  }

  get url(): string {
    return this.server.url;
  }

  get admin(): Client {
    return new Client(this.url, ["authorization", `Bearer ${adminKey}`]);
  }

  get anonymous(): Client {
    return new Client(this.url, undefined);
  }

  withKey(secret: string): Client {
    return new Client(this.url, ["x-api-key", secret]);
  }

  newApp(): Promise<TestApp> {
    return TestApp.create(this);
  }
}

/** Starts a server before the tests of a file, and stops it after them. */
export function useServer(
  environment: Readonly<Record<string, string>> = {},
  models: Readonly<Record<string, Model>> = {},
  log?: Logger,
  timings?: Timings,
): { readonly current: TestServer } {
  let server: TestServer | undefined;
  beforeAll(async () => {
    server = await TestServer.start(environment, models, log, timings);
  });
  afterAll(() => server?.stop());
  return {
    get current() {
      if (!server) throw new Error("The server is not available before the tests run");
      return server;
    },
  };
}
