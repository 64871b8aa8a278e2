import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { readConfig } from "../../src/config";
import { Client } from "./client";
import { createTestDatabase, sqlOn } from "./database";
import { freePort } from "./free-port";
import { eventually } from "./runs";
import { createTestStore, type TestStore } from "./store";
import { TestApp } from "./test-app";

export type Environment = Readonly<Record<string, string>>;

/** How long a process may take to start where others start too, in milliseconds. */
const patience = 30_000;

/** Room for what is only needed while a server starts, so that it is not cleared away meanwhile; in megabytes. */
const youngSpace = "--min-semi-space-size=64";

/** Where the server was built, whether this runs as it is written or is built itself. */
const built = dirname(require.resolve("../../src/main"));

/** Which of its faults Stryker tries, if it is what runs the tests. */
const { __STRYKER_ACTIVE_MUTANT__ } = process.env;
const mutant: Environment = __STRYKER_ACTIVE_MUTANT__ ? { __STRYKER_ACTIVE_MUTANT__ } : {};

/** A process of the built server, or of another script of it, with nothing of this environment but what it is given. */
export class TestProcess {
  stdout = "";
  stderr = "";
  readonly exited: Promise<void>;
  private readonly child: ChildProcess;
  private readonly lines: Record<string, unknown>[] = [];
  /** How much of what it has said on standard error is in the lines. */
  private parsed = 0;

  constructor(
    readonly environment: Environment,
    [script = "main.js", ...args]: readonly string[] = [],
    /** A program and its arguments that runs what is given behind them, under the same number. */
    launcher: readonly string[] = [],
  ) {
    const command = [...launcher, process.execPath, youngSpace, resolve(built, script), ...args];
    this.child = spawn(command[0] ?? "", command.slice(1), {
      env: { PORT: "0", ...mutant, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    // Not "exit", after which there may be output still to come.
    this.exited = once(this.child, "close").then(() => undefined);
  }

  /** What it exited with: a code, or the signal that killed it. */
  get exit(): number | NodeJS.Signals | null {
    return this.child.exitCode ?? this.child.signalCode;
  }

  /** Waits until it says that it serves. */
  async ready(): Promise<this> {
    await eventually(() => this.exit !== null || this.url !== "", patience);
    if (this.exit !== null) throw new Error(`The server exited with ${this.exit}: ${this.stderr}`);
    return this;
  }

  get pid(): number {
    return Number(this.child.pid);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<number | NodeJS.Signals | null> {
    this.signal(signal);
    await this.exited;
    return this.exit;
  }

  /** Of the API; empty until it is served. */
  get url(): string {
    return /^ {2}API +(\S+)$/m.exec(this.stdout)?.[1] ?? "";
  }

  get origin(): string {
    return new URL(this.url).origin;
  }

  /** What it has logged, which is nothing but lines of JSON. */
  get log(): readonly Record<string, unknown>[] {
    const end = this.stderr.lastIndexOf("\n") + 1;
    const lines = this.stderr.slice(this.parsed, end).split("\n").slice(0, -1);
    this.lines.push(...lines.map((line) => JSON.parse(line) as Record<string, unknown>));
    this.parsed = end;
    return this.lines;
  }

  /** What it is called among the instances of its database. */
  get instanceId(): unknown {
    return this.log.findLast(({ msg }) => msg === "registered the instance")?.["instanceId"];
  }

  get adminKey(): string {
    const { ADMIN_KEY, DATA_DIR = "" } = this.environment;
    return ADMIN_KEY ?? readFileSync(join(DATA_DIR, "admin.key"), "utf8").trim();
  }

  get admin(): Client {
    return this.as(["authorization", `Bearer ${this.adminKey}`]);
  }

  as(credential: Client["credential"]): Client {
    return new Client(this.url, credential);
  }

  newApp(): Promise<TestApp> {
    return TestApp.create(this);
  }

  sql(statement: string): Promise<Record<string, unknown>[]> {
    return sqlOn(readConfig(this.environment).database, statement);
  }
}

/** Starts processes, and leaves nothing of them when a test has ended: neither a process nor a file nor a database. */
export function useProcesses() {
  const started: TestProcess[] = [];
  const left: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    await Promise.all(started.splice(0).map((each) => (each.exit === null ? each.end("SIGKILL") : each.exited)));
    for (const clear of left.splice(0)) await clear();
  });

  return {
    /** An environment for a first start: a data directory that is not there yet, and a database that is empty. */
    async fresh(name = "data"): Promise<Environment & { readonly DATA_DIR: string }> {
      return (await this.freshWithStore(name)).environment;
    },

    /** The same, with where documents are kept. */
    async freshWithStore(
      name = "data",
    ): Promise<{ environment: Environment & { readonly DATA_DIR: string }; store: TestStore }> {
      const folder = mkdtempSync(join(tmpdir(), "latchkey-test-"));
      const database = await createTestDatabase();
      const store = await createTestStore(join(folder, name));
      left.push(database.drop, store.drop, () => rm(folder, { recursive: true, force: true }));
      const DATABASE_URL = database.url !== undefined && { DATABASE_URL: database.url };
      return { environment: { DATA_DIR: join(folder, name), ...DATABASE_URL, ...store.environment }, store };
    },

    /** Runs the server, or another script of it with these arguments. */
    run(environment: Environment, ...command: string[]): TestProcess {
      const child = new TestProcess(environment, command);
      started.push(child);
      return child;
    },

    /** Runs a script of the server to its end, and gives what came of it. */
    async finish(environment: Environment, ...command: string[]) {
      const child = this.run(environment, ...command);
      await child.exited;
      return { exit: child.exit, stdout: child.stdout, stderr: child.stderr };
    },

    /** Has something cleared when the test has ended, after the processes. */
    clear(what: () => Promise<unknown>): void {
      left.push(what);
    },

    /** Starts a worker, and waits until it is ready. */
    async work(environment: Environment): Promise<TestProcess> {
      const worker = this.run(environment, "cli/worker.js");
      await eventually(
        () => worker.exit !== null || worker.log.some(({ msg }) => msg === "the worker is ready"),
        patience,
      );
      if (worker.exit !== null) throw new Error(`The worker exited with ${worker.exit}: ${worker.stderr}`);
      return worker;
    },

    /** Starts a server at a port that its environment keeps, and waits until it serves. */
    async serve(environment: Environment): Promise<TestProcess> {
      return this.run({ PORT: String(await freePort()), ...environment }).ready();
    },
  };
}
