import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { eventsOf, execute, expectWhole } from "./runs";
import type { KeyHolder, TestApp } from "./test-app";

/** The answer of the model "trickle". */
const wholeAnswer = Array.from({ length: 10 }, (_, i) => `${i} `).join("");

/** The maximum number of attempts of a run whose agent allows retries. */
const maxAttempts = 3;

/** The errors of a request to a server that is killed, starting or overloaded. */
const transientErrors = /ECONNREFUSED|ECONNRESET|EPIPE|socket hang up|Parse Error|aborted|failed with 503/;

/**
 * Clients that execute runs sequentially while servers are killed. A client without a response retries with the same
 * idempotency key until the run has finished. Two clients share a session.
 */
export class RunLoad {
  private readonly finished: any[] = [];
  private readonly clients: Promise<void>[];
  private isStopping = false;
  private isAborted = false;

  private constructor(
    private readonly key: KeyHolder,
    private readonly agents: Readonly<Record<"FAIL" | "RETRY", string>>,
    count: number,
  ) {
    this.clients = Array.from({ length: count }, (_, i) => this.client(i));
  }

  static async start(app: TestApp, baseUrl: string, count: number): Promise<RunLoad> {
    await app.modelConnection(baseUrl);
    const agents = {
      FAIL: await app.agent({ model: "model/trickle" }),
      RETRY: await app.agent({ model: "model/trickle", onInterrupt: "RETRY" }),
    };
    return new RunLoad(await app.key(), agents, count);
  }

  /** Waits until every client has finished its current run. */
  async end(): Promise<void> {
    this.isStopping = true;
    await Promise.all(this.clients);
  }

  /** Stops every client without waiting for its run. */
  abort(): void {
    this.isStopping = this.isAborted = true;
  }

  count(code: string): number {
    return this.finished.filter(({ error, status }) => (error?.code ?? status) === code).length;
  }

  /** Checks that every accepted run finished once, has all its events, and has one answer. */
  async expectComplete(): Promise<void> {
    const outcomes = new Set(this.finished.map(({ error, status }) => error?.code ?? status));
    expect([...outcomes].filter((outcome) => !["SUCCEEDED", "INTERRUPTED"].includes(outcome as string))).toEqual([]);
    for (const run of this.finished) {
      const events = await eventsOf(this.key, run.id as string);
      const attempts = events.filter(({ __typename }) => __typename === "RunStarted").length;
      expect(attempts).toBeLessThanOrEqual(run.agentId === this.agents.RETRY ? maxAttempts : 1);
      expectWhole(events, run, attempts);
      if (run.status === "SUCCEEDED") expect(run.output).toBe(wholeAnswer);
    }
    await this.expectMessages();
  }

  private async client(i: number): Promise<void> {
    while (!this.isStopping) {
      const agentId = i % 2 === 0 ? this.agents.FAIL : this.agents.RETRY;
      const session = { reference: `${Math.floor(i / 2)}` };
      const input = { agentId, session, text: "Go on.", idempotencyKey: randomUUID(), waitMs: 20_000 };
      let id: string | undefined;
      while (!this.isAborted) {
        const run = await this.attempt(input);
        if (run === undefined) continue;
        // A retry returns the same run.
        expect(run.id).toBe((id ??= run.id as string));
        if (run.finishedAt === null) continue;
        this.finished.push({ ...run, agentId });
        break;
      }
    }
  }

  private async attempt(input: object): Promise<any> {
    try {
      return (await execute(this.key, input)).run;
    } catch (error) {
      if (!transientErrors.test(`${(error as NodeJS.ErrnoException).code} ${(error as Error).message}`)) throw error;
      await delay(500);
      return undefined;
    }
  }

  private async expectMessages(): Promise<void> {
    const query = `query ($after: String) { sessions(first: 10, after: $after) {
      nodes { runs(first: 200) { nodes { id status } pageInfo { hasNextPage } } messages(first: 200) { nodes { role runId } pageInfo { hasNextPage } } }
      pageInfo { hasNextPage endCursor }
    } }`;
    const actual: string[] = [];
    const expected: string[] = [];
    let after: string | null = null;
    do {
      const { sessions }: any = await this.key.data(query, { after });
      for (const { runs, messages } of sessions.nodes) {
        expect([runs.pageInfo.hasNextPage, messages.pageInfo.hasNextPage]).toEqual([false, false]);
        actual.push(...messages.nodes.map(({ role, runId }: any) => `${runId} ${role}`));
        for (const { id, status } of runs.nodes) {
          expected.push(`${id} USER`);
          if (status === "SUCCEEDED") expected.push(`${id} AGENT`);
        }
        this.expectKnown(runs.nodes);
      }
      after = sessions.pageInfo.hasNextPage ? sessions.pageInfo.endCursor : null;
    } while (after !== null);
    expect(actual.sort()).toEqual(expected.sort());
  }

  /** Checks that no retry created a second run. */
  private expectKnown(runs: readonly { id: string }[]): void {
    const known = new Set(this.finished.map(({ id }) => id as string));
    expect(runs.filter(({ id }) => !known.has(id))).toEqual([]);
  }
}
