import { setTimeout as delay } from "node:timers/promises";
import type { TimedAnswer } from "../http-client";
import type { Random } from "../random";
import { administer, literal } from "./administration";
import { type Assertions, type Ending, ms } from "./assertions";
import { type CredentialUnderTest, isOfAdministrator } from "./credential-under-test";
import type { Instance } from "./instance";
import type { Testbed } from "./testbed";
import type { WatchedStream } from "./watched-stream";

/** The average time between two mutations of a writer. */
const writeIntervalMs = 150;

/** Within which a run and its model call must have ended on the worker, after the revocation was answered. */
const maxRunLagMs = 2_000;

/** A model call that is open for longer counts as open forever. */
const giveUpMs = 10_000;

/** Work that commits nothing for this time after the revocation commits nothing later: requests time out before. */
const settleMs = 1_500;

/** A callback is posted again after five seconds, unless it was cancelled. */
export const callbackRetryMs = 6_500;

/** Longer than the mutation waits for its run. */
const waitTimeoutMs = 130_000;

/** A healthy instance has accepted the mutation by then; access is taken away 200 ms after its start or later. */
const abandonAfterMs = 150;

let started = 0;

/** The work in flight of a credential that is revoked: a mutation that waits, mutations that follow each other, runs, callbacks. */
export class WorkInFlight {
  /** A unique text; it marks the sessions and model calls of this work. */
  private readonly mark = `work-in-flight-${(started += 1)}-of-${process.pid}`;
  private isStopped = false;
  private readonly writing: Promise<void>;
  /** The mutation that waits for its run; undefined if its client breaks off, and nobody sees its end. */
  readonly waiting: WatchedStream | undefined;

  constructor(
    private readonly testbed: Testbed,
    private readonly credential: CredentialUnderTest,
    private readonly random: Random,
  ) {
    // The client of one in four breaks off while it waits.
    const isAbandoned = random.of([true, false, false, false]);
    const waiting = this.wait(random.of(testbed.instances), isAbandoned);
    this.waiting = isAbandoned ? undefined : waiting;
    this.writing = this.write();
  }

  /** @returns a check that callbacks were not posted after the revocation, for later than `callbackRetryMs` from now */
  async check(revocation: string, assertions: Assertions): Promise<() => void> {
    const { kind, rights } = this.credential;
    const violation = (what: string) => assertions.violation(`${what} after ${revocation}`);
    const before = await this.countSessions();
    if (!isOfAdministrator(kind)) await this.checkModelCall(violation);
    await delay(settleMs);
    this.isStopped = true;
    await this.writing;
    const after = await this.countSessions();
    if (after !== before) violation(`${after - before} mutations committed`);
    if (isOfAdministrator(kind)) return () => undefined;
    await delay(Math.max(0, rights.answeredAt + maxRunLagMs - performance.now()));
    if (kind !== "deleteApp") await this.checkRuns(violation);

    return () => {
      const late = this.testbed.callbacks
        .timesOf(this.callbackPath)
        .filter((at) => at > rights.answeredAt + maxRunLagMs);
      if (late.length > 0) violation(`a callback was posted ${ms((late[0] ?? 0) - rights.answeredAt)}`);
    };
  }

  private get callbackPath(): string {
    return `/${this.mark}`;
  }

  /** Executes the clock, and would execute another agent if it ever ended. */
  private wait(instance: Instance, isAbandoned: boolean): WatchedStream {
    const { credential, mark } = this;
    let text = "";
    const mutation = `mutation {
      executeAgent(input: { agentId: ${literal(credential.agentId)}, text: ${literal(mark)}, waitMs: 120000, callbackUrl: ${this.callbackUrl} }) { run { output } }
      ${this.execution()}
    }`;
    const ended = instance.client
      .send(this.random.of(credential.credentials), mutation, undefined, {
        headersTimeout: waitTimeoutMs,
        ...(isAbandoned && { signal: AbortSignal.timeout(abandonAfterMs) }),
      })
      .then((answer): Ending => {
        text = (answer.data?.executeAgent?.run.output as string | undefined) ?? "";
        return endingOf(answer);
      })
      .catch((error: unknown): Ending => ({ at: performance.now(), outcome: "disconnected", reason: String(error) }));
    return {
      name: "a mutation",
      instance,
      ended,
      get lastProducedAt() {
        return Math.max(0, ...text.trim().split(" ").map(Number));
      },
      close: () => undefined,
    };
  }

  /** Executes agents one after the other at random instances, each in a session of its own. */
  private async write(): Promise<void> {
    const { credentials } = this.credential;
    while (!this.isStopped) {
      const { client } = this.random.of(this.testbed.instances);
      await client.send(this.random.of(credentials), `mutation { ${this.execution()} }`).catch(() => undefined);
      await delay(this.random.integer(writeIntervalMs / 2, writeIntervalMs * 1.5));
    }
  }

  private execution(): string {
    const { quickAgentId } = this.credential;
    return `next: executeAgent(input: { agentId: ${literal(quickAgentId)}, text: "Next", waitMs: 0, session: { userReference: ${literal(this.mark)} }, callbackUrl: ${this.callbackUrl} }) { replayed }`;
  }

  private get callbackUrl(): string {
    return literal(`http://${this.testbed.callbacks.host}${this.callbackPath}`);
  }

  /** Each execution has opened one. Sessions of a deleted app are gone. */
  private async countSessions(): Promise<number> {
    const { kind, appId } = this.credential;
    if (kind === "deleteApp") return 0;
    const query = `{ sessions(appId: ${literal(appId)}, filter: { userReference: ${literal(this.mark)} }) { totalCount } }`;
    return (await administer(this.testbed, query)).sessions.totalCount as number;
  }

  private async checkModelCall(violation: (what: string) => void): Promise<void> {
    const { answeredAt } = this.credential.rights;
    for (const { endedAt } of this.testbed.model.callsWith(this.mark)) {
      const closedAt = await Promise.race([endedAt, delay(giveUpMs, Infinity)]);
      const lagMs = closedAt - answeredAt;
      if (lagMs > maxRunLagMs) violation(`a model call was open for ${lagMs === Infinity ? "ever" : ms(lagMs)}`);
    }
  }

  private async checkRuns(violation: (what: string) => void): Promise<void> {
    const { appId } = this.credential;
    const query = `{
      sessions(appId: ${literal(appId)}, filter: { userReference: ${literal(this.mark)} }, first: 50) {
        nodes { runs(first: 2) { nodes { status } } }
      }
    }`;
    const { sessions } = await administer(this.testbed, query);
    const statuses = sessions.nodes.flatMap(({ runs }: any) => runs.nodes.map(({ status }: any) => status as string));
    const open = statuses.filter((status: string) => status === "QUEUED" || status === "RUNNING");
    if (open.length > 0) violation(`${open.length} runs were unfinished`);
  }
}

function endingOf({ ended: at, status, data, errors }: TimedAnswer): Ending {
  const codes = (errors ?? []).map(({ extensions }) => extensions.code);
  const reason = `${status} ${codes.join(", ")}`;
  if (codes.some((code) => code === "UNAUTHENTICATED" || code === "FORBIDDEN"))
    return { at, outcome: "refused", reason };
  if (status === 503 || codes.includes("UNAVAILABLE")) return { at, outcome: "unavailable", reason };
  return { at, outcome: "completed", reason: `${reason} ${JSON.stringify(data)}` };
}
