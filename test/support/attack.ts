import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { join } from "node:path";
import type { Response } from "supertest";
import { type Environment, TestProcess, useProcesses } from "./process";

/** The event loop may not be held for longer. */
export const maxHoldMs = 150;

/** The server's own figures of an attack. */
export interface AttackReport<Result> {
  readonly result: Result;
  /** The longest time between two turns of a timer of 5 ms, in processor time of the server's main thread. */
  readonly longestHoldMs: number;
  /** The growth of the server's memory after garbage collection. It may be negative. */
  readonly keptBytes: number;
  /** The highest resident size of the process during the attack. */
  readonly peakBytes: number;
}

interface Figures {
  readonly longestHoldMs: number;
  readonly peakBytes: number;
  readonly keptBytes: number;
}

/** A server process that reports how long its event loop was held and how much memory it keeps. */
export class AttackedServer extends TestProcess {
  constructor(environment: Environment) {
    super(environment, ["start"], [], undefined, ["--expose-gc", "--require", join(__dirname, "probe.js")]);
  }

  /** Runs the attack, and reports what the server measured meanwhile. */
  async observe<Result>(attack: () => Promise<Result>): Promise<AttackReport<Result>> {
    const before = await this.figures();
    const result = await attack();
    // The objects of the last answer are freed in the turns after it.
    await delay(50);
    const { longestHoldMs, peakBytes, keptBytes } = await this.figures();
    return { result, longestHoldMs, peakBytes, keptBytes: keptBytes - before.keptBytes };
  }

  /** Fails unless the server lives and answers. */
  async assertAlive(): Promise<void> {
    expect(this.exit).toBeNull();
    await expect(this.admin.data("{ viewer { __typename } }")).resolves.toEqual({
      viewer: { __typename: expect.any(String) as string },
    });
  }

  private figures(): Promise<Figures> {
    return this.ask<Figures>();
  }
}

/** Starts one server for the tests of a file, on a database of its own. Checks after each test that it lives. */
export function useAttackedServer(environment: Environment = {}): { readonly current: AttackedServer } {
  const processes = useProcesses(undefined, "file");
  let server: AttackedServer | undefined;
  beforeAll(async () => {
    const redis = process.env["TEST_REDIS_URL"];
    const fresh = await processes.fresh();
    const shared =
      process.env["TEST_DATABASE_URL"] && redis ? { REDIS_URL: redis, REDIS_PREFIX: `test-${randomUUID()}` } : {};
    server = new AttackedServer({ LOG_LEVEL: "error", ...fresh, ...shared, ...environment });
    processes.add(server);
    await server.ready();
  });
  afterEach(() => server?.assertAlive());
  return {
    get current() {
      if (!server) throw new Error("The server is not available before the tests run");
      return server;
    },
  };
}

/** Fails if an answer discloses a stack, a statement of SQL, or a path of the server. */
export function assertDisclosesNothing({ text }: Pick<Response, "text">): void {
  expect(text).not.toMatch(/\sat \S+ \(|node_modules|\/src\/|\/dist\/|\.[jt]s:\d+/);
  expect(text).not.toMatch(/\bSELECT\b.+\bFROM\b|\bINSERT INTO\b|\bSQLITE_|\bER_[A-Z_]{4,}|QueryFailedError/);
}
