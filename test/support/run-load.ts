import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { eventsOf, execute, expectWhole } from "./runs";
import type { KeyHolder, TestApp } from "./test-app";

/** What the model server says as "trickle". */
const wholeAnswer = Array.from({ length: 10 }, (_, i) => `${i} `).join("");

/** How often a run may be begun whose agent allows that. */
const mostBeginnings = 3;

/** What a client sees of a server that is killed, not there yet, or has too much to do for the moment. */
const gone = /ECONNREFUSED|ECONNRESET|EPIPE|socket hang up|Parse Error|aborted|was answered with 503/;

/**
 * Clients that each execute one run after the other, whatever happens to the servers: who gets no answer asks again
 * with the same idempotency key, until the run has ended. Two share a session.
 */
export class RunLoad {
  private readonly ended: any[] = [];
  private readonly clients: Promise<void>[];
  private isEnding = false;
  private isGivenUp = false;

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

  /** Lets every client come to the end of the run that it is at. */
  async end(): Promise<void> {
    this.isEnding = true;
    await Promise.all(this.clients);
  }

  /** Lets every client go, wherever it is. */
  giveUp(): void {
    this.isEnding = this.isGivenUp = true;
  }

  count(code: string): number {
    return this.ended.filter(({ error, status }) => (error?.code ?? status) === code).length;
  }

  /** Every run that was accepted has one end, events without a gap, and its answer once. */
  async expectWhole(): Promise<void> {
    const outcomes = new Set(this.ended.map(({ error, status }) => error?.code ?? status));
    expect([...outcomes].filter((outcome) => !["SUCCEEDED", "INTERRUPTED"].includes(outcome as string))).toEqual([]);
    for (const run of this.ended) {
      const events = await eventsOf(this.key, run.id as string);
      const beginnings = events.filter(({ __typename }) => __typename === "RunStarted").length;
      expect(beginnings).toBeLessThanOrEqual(run.agentId === this.agents.RETRY ? mostBeginnings : 1);
      expectWhole(events, run, beginnings);
      if (run.status === "SUCCEEDED") expect(run.output).toBe(wholeAnswer);
    }
    await this.expectMessages();
  }

  private async client(i: number): Promise<void> {
    while (!this.isEnding) {
      const agentId = i % 2 === 0 ? this.agents.FAIL : this.agents.RETRY;
      const session = { reference: `${Math.floor(i / 2)}` };
      const input = { agentId, session, text: "Go on.", idempotencyKey: randomUUID(), waitMs: 20_000 };
      let id: string | undefined;
      while (!this.isGivenUp) {
        const run = await this.attempt(input);
        if (run === undefined) continue;
        // Who asks again is told of the same run, never of a second one.
        expect(run.id).toBe((id ??= run.id as string));
        if (run.finishedAt === null) continue;
        this.ended.push({ ...run, agentId });
        break;
      }
    }
  }

  private async attempt(input: object): Promise<any> {
    try {
      return (await execute(this.key, input)).run;
    } catch (error) {
      if (!gone.test(`${(error as NodeJS.ErrnoException).code} ${(error as Error).message}`)) throw error;
      await delay(500);
      return undefined;
    }
  }

  private async expectMessages(): Promise<void> {
    const query = `query ($after: String) { sessions(first: 10, after: $after) {
      nodes { runs(first: 200) { nodes { id status } pageInfo { hasNextPage } } messages(first: 200) { nodes { role runId } pageInfo { hasNextPage } } }
      pageInfo { hasNextPage endCursor }
    } }`;
    const told: string[] = [];
    const expected: string[] = [];
    let after: string | null = null;
    do {
      const { sessions }: any = await this.key.data(query, { after });
      for (const { runs, messages } of sessions.nodes) {
        expect([runs.pageInfo.hasNextPage, messages.pageInfo.hasNextPage]).toEqual([false, false]);
        told.push(...messages.nodes.map(({ role, runId }: any) => `${runId} ${role}`));
        for (const { id, status } of runs.nodes) {
          expected.push(`${id} USER`);
          if (status === "SUCCEEDED") expected.push(`${id} AGENT`);
        }
        this.expectKnown(runs.nodes);
      }
      after = sessions.pageInfo.hasNextPage ? sessions.pageInfo.endCursor : null;
    } while (after !== null);
    expect(told.sort()).toEqual(expected.sort());
  }

  /** No run is there that nobody has asked for. */
  private expectKnown(runs: readonly { id: string }[]): void {
    const known = new Set(this.ended.map(({ id }) => id as string));
    expect(runs.filter(({ id }) => !known.has(id))).toEqual([]);
  }
}
