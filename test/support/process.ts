import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../../src/config";
import type { Timings } from "../../src/timings";
import { Client } from "./client";
import { createTestDatabase, sqlOn } from "./database";
import { freePort } from "./free-port";
import { eventually } from "./runs";
import { createTestStore, type TestStore } from "./store";
import { TestApp } from "./test-app";

export type Environment = Readonly<Record<string, string>>;

/** Allows for other processes that start at the same time. */
const startTimeoutMs = 60_000;

const latchkey = require.resolve("../../src/latchkey");
/** The same from its modules, of which preloaded scripts replace parts. */
const modules = require.resolve("../../src/commands");

const withTimings = join(__dirname, "run-with-timings.js");

/** The active mutant, if Stryker runs the tests. */
const { __STRYKER_ACTIVE_MUTANT__ } = process.env;
const mutant: Environment = __STRYKER_ACTIVE_MUTANT__ ? { __STRYKER_ACTIVE_MUTANT__ } : {};

/** A process of the built program. It does not inherit environment variables. */
export class TestProcess {
  stdout = "";
  stderr = "";
  readonly exited: Promise<void>;
  private readonly child: ChildProcess;
  private readonly lines: Record<string, unknown>[] = [];
  /** The length of the part of `stderr` that is in `lines`. */
  private parsedChars = 0;

  constructor(
    readonly environment: Environment,
    /** The name of a command, and its arguments. */
    command: readonly string[] = ["start"],
    /** A program and its arguments that executes the command behind them, with the same process id. */
    launcher: readonly string[] = [],
    timings?: Timings,
    /** If there are any, the process can be asked by messages. */
    nodeOptions: readonly string[] = [],
  ) {
    const program = environment["NODE_OPTIONS"]?.includes("--require") ? modules : latchkey;
    const entry = timings ? [withTimings, program, JSON.stringify(timings)] : [program];
    const [file = "", ...args] = [...launcher, process.execPath, ...nodeOptions, ...entry, ...command];
    this.child = spawn(file, args, {
      env: { PORT: "0", ...mutant, ...environment },
      stdio: nodeOptions.length > 0 ? ["ignore", "pipe", "pipe", "ipc"] : ["ignore", "pipe", "pipe"],
    });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    // After "exit" there may be more output; after "close" there is none.
    this.exited = once(this.child, "close").then(() => undefined);
  }

  /** The exit code, or the signal that killed it; null while it runs. */
  get exit(): number | NodeJS.Signals | null {
    return this.child.exitCode ?? this.child.signalCode;
  }

  /** Waits until it has printed its URL. */
  async ready(): Promise<this> {
    await eventually(() => this.exit !== null || this.url !== "", startTimeoutMs);
    if (this.exit !== null) throw new Error(`The server exited with ${this.exit}: ${this.stderr}`);
    return this;
  }

  get pid(): number {
    return Number(this.child.pid);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Sends a message to code that was preloaded by the options of Node.js. @returns its answer */
  protected async ask<Answer>(): Promise<Answer> {
    this.child.send("report");
    const [answer] = (await once(this.child, "message")) as [Answer];
    return answer;
  }

  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<number | NodeJS.Signals | null> {
    this.signal(signal);
    await this.exited;
    return this.exit;
  }

  /** The URL of the API; empty until the server is ready. */
  get url(): string {
    return /^ {2}API +(\S+)$/m.exec(this.stdout)?.[1] ?? "";
  }

  get origin(): string {
    return new URL(this.url).origin;
  }

  /** The log. @throws {SyntaxError} if a line is not JSON */
  get log(): readonly Record<string, unknown>[] {
    const end = this.stderr.lastIndexOf("\n") + 1;
    const lines = this.stderr.slice(this.parsedChars, end).split("\n").slice(0, -1);
    this.lines.push(...lines.map((line) => JSON.parse(line) as Record<string, unknown>));
    this.parsedChars = end;
    return this.lines;
  }

  /** Its id in the table of instances. */
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

/**
 * Starts processes, and removes them, their files and their databases after each test.
 *
 * @param timings of servers and workers; production's if left out
 * @param lifetime whether the processes are removed after each test or after all tests of the file
 */
export function useProcesses(timings?: Timings, lifetime: "test" | "file" = "test") {
  const started: TestProcess[] = [];
  const cleanups: (() => Promise<unknown>)[] = [];

  (lifetime === "test" ? afterEach : afterAll)(async () => {
    await Promise.all(started.splice(0).map((each) => (each.exit === null ? each.end("SIGKILL") : each.exited)));
    for (const clear of cleanups.splice(0)) await clear();
  });

  return {
    /** Environment variables for a first start: a data directory that does not exist, and a database without rows. */
    async fresh(name = "data"): Promise<Environment & { readonly DATA_DIR: string }> {
      return (await this.freshWithStore(name)).environment;
    },

    /** The same with a database that has no tables. */
    async freshAndEmpty(): Promise<Environment & { readonly DATA_DIR: string }> {
      return (await this.freshWithStore("data", { isEmpty: true })).environment;
    },

    /** Like `fresh`, with the store of documents. */
    async freshWithStore(
      name = "data",
      { isEmpty = false } = {},
    ): Promise<{ environment: Environment & { readonly DATA_DIR: string }; store: TestStore }> {
      const folder = mkdtempSync(join(tmpdir(), "latchkey-test-"));
      const database = await createTestDatabase({ isEmpty });
      const store = await createTestStore(join(folder, name));
      cleanups.push(database.drop, store.drop, () => rm(folder, { recursive: true, force: true }));
      const DATABASE_URL = database.url !== undefined && { DATABASE_URL: database.url };
      return { environment: { DATA_DIR: join(folder, name), ...DATABASE_URL, ...store.environment }, store };
    },

    /** Runs a command, by default the server. */
    run(environment: Environment, ...given: string[]): TestProcess {
      const command = given.length === 0 ? ["start"] : given;
      const isLongLived = ["start", "worker"].includes(command[0] ?? "");
      const child = new TestProcess(environment, command, [], isLongLived ? timings : undefined);
      started.push(child);
      return child;
    },

    /** Removes a process that was started otherwise together with the others. */
    add(child: TestProcess): void {
      started.push(child);
    },

    /** Runs a command, and waits until it has exited. */
    async finish(environment: Environment, ...command: string[]) {
      const child = this.run(environment, ...command);
      await child.exited;
      return { exit: child.exit, stdout: child.stdout, stderr: child.stderr };
    },

    /** Registers a cleanup that runs after the test, once all processes have exited. */
    clear(cleanup: () => Promise<unknown>): void {
      cleanups.push(cleanup);
    },

    /** Starts a worker, and waits until it is ready. */
    async work(environment: Environment): Promise<TestProcess> {
      const worker = this.run(environment, "worker");
      await eventually(
        () => worker.exit !== null || worker.log.some(({ msg }) => msg === "the worker is ready"),
        startTimeoutMs,
      );
      if (worker.exit !== null) throw new Error(`The worker exited with ${worker.exit}: ${worker.stderr}`);
      return worker;
    },

    /** Starts a server, and waits until it is ready. Its environment contains its port, so that it can be restarted. */
    async serve(environment: Environment): Promise<TestProcess> {
      return this.run({ PORT: String(await freePort()), ...environment }).ready();
    },
  };
}
