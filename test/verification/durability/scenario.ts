import { setTimeout as delay } from "node:timers/promises";
import type { Finding } from "../program";
import type { Random } from "../random";
import { RetryingClient, ContradictionError, type Route } from "./retrying-client";
import { type Nemesis, createClients } from "./nemesis";
import { findDocumentViolations, findInvariantViolations, findSecretViolations, isSettled } from "./invariants";
import { WriterClient, type Services } from "./writer-client";
import { findAppViolations, findReplayViolations } from "./verification";
import type { Environment } from "./environment";
import { Writer } from "./writer";

const concurrentWriters = 32;
const concurrentReaders = 8;
/** The scenario stops early after this many. */
const maxViolations = 100;
/** Interrupted runs must end within this time. Other instances take over after 18 s. */
const settleTimeoutMs = 45_000;

/** Writers that write while a nemesis injects faults. */
export interface Scenario {
  readonly fault: string;
  readonly nemesis: Nemesis;
  /** The number of writes to be acknowledged. */
  readonly target: number;
  /** The number of injected faults. */
  readonly repetitions: number;
  /** The latest end of the writes, in milliseconds since 1970. */
  readonly deadline: number;
  /** Overrides the default weights of these mutations. */
  readonly weights?: Readonly<Record<string, number>> | undefined;
  readonly services: Services;
  readonly secretsKey: Buffer;
  /** Begins every name that the writers choose. */
  readonly prefix: string;
}

/**
 * Lets writers write while a nemesis injects faults. Then kills and restarts everything, and verifies that every
 * acknowledged write can be read back.
 */
export async function runScenario(
  scenario: Scenario,
  environment: Environment,
  random: Random,
  violation: (what: string) => void,
) {
  const { fault, target, deadline } = scenario;
  const route: Route = { clients: createClients(environment.urls), retryDelayMs: 0 };
  const httpClients = Array.from({ length: concurrentWriters }, () => new RetryingClient(route, random.fork()));
  const clients = httpClients.map(
    (http, i) => new WriterClient(http, random.fork(), scenario.services, `${scenario.prefix}${i}`),
  );
  let violations = 0;
  const onViolation = (what: string) => {
    violations += 1;
    violation(`${fault}: ${what}`);
  };
  const writers = clients.map((client) => new Writer(client, scenario.weights ?? {}, onViolation));
  const sumWritten = () => writers.reduce((sum, { written }) => sum + written, 0);
  const sumFailures = () => httpClients.reduce((sum, { failures }) => sum + failures, 0);
  const isAborted = () => Date.now() > deadline || violations >= maxViolations;

  let isStopped = false;
  const startedAt = performance.now();
  const until = async (condition: () => boolean) => {
    while (!condition() && !isStopped && !isAborted()) await delay(5);
    return !isStopped && !isAborted();
  };
  const untilWritten = (fraction: number) => until(() => sumWritten() >= fraction * target);
  const untilFailed = (count: number) => {
    const before = sumFailures();
    return until(() => sumFailures() >= before + count);
  };
  const writing = Promise.all(writers.map((writer) => writer.writeUntil(() => isStopped)));
  const { repetitions } = scenario;
  const context = { environment, random: random.fork(), route, repetitions, untilWritten, untilFailed };
  const injecting = scenario.nemesis(context).then(async (result) => {
    await untilWritten(1);
    return result;
  });
  const stop = () => (isStopped = true);
  const [summary] = await Promise.all([injecting.finally(stop), writing.finally(stop)]);
  const seconds = (performance.now() - startedAt) / 1_000;

  route.retryDelayMs = 0;
  if (summary !== "") await killAll(environment);
  await waitUntilSettled(environment);
  await environment.storage.sweep();
  for await (const what of verify(scenario, environment, writers, clients)) onViolation(what);
  await Promise.all(route.clients.map((client) => client.close()));

  const trials = sumWritten();
  const failures = `${sumFailures().toLocaleString("en")} failed requests`;
  const rate = `${Math.round(trials / seconds)} writes/s`;
  const worst = [summary, failures, rate, trials < target && "out of time"].filter(Boolean).join(", ");
  return { fault, trials, violations, worst } satisfies Finding;
}

/** Restarts everything, so that no server can answer from memory. */
async function killAll(environment: Environment): Promise<void> {
  const indexes = environment.urls.map((_, index) => index);
  await Promise.all([...indexes.map((index) => environment.kill(index)), environment.database?.kill()]);
  await environment.database?.start();
  // Interrupted deliveries count as in progress until their claim expires; this expires it.
  await environment.storage.rows([
    "UPDATE callback_delivery SET dueAt = claimedAt WHERE status = 'PENDING' AND claimedAt IS NOT NULL",
  ]);
  for (const index of indexes) await environment.start(index);
}

async function waitUntilSettled({ storage }: Environment): Promise<void> {
  const deadline = Date.now() + settleTimeoutMs;
  while (!(await isSettled(storage)) && Date.now() < deadline) await delay(500);
}

async function* verify(
  { secretsKey }: Scenario,
  { storage, database }: Environment,
  writers: readonly Writer[],
  clients: readonly WriterClient[],
): AsyncGenerator<string> {
  const apps = writers.flatMap((writer, i) => writer.apps.map((app) => ({ app, client: clients[i] })));
  const violations: string[] = [];
  const queue = apps.values();
  await Promise.all(
    Array.from({ length: concurrentReaders }, async () => {
      for (const { app, client } of queue) {
        if (!client) continue;
        for await (const what of withContradiction(findAppViolations(client, app))) violations.push(what);
      }
    }),
  );
  yield* violations;
  yield* findInvariantViolations(storage, database === undefined);
  yield* findDocumentViolations(storage);
  yield* findSecretViolations(
    storage,
    secretsKey,
    apps.map(({ app }) => app),
  );
  for (const { app, client } of apps) if (client) yield* withContradiction(findReplayViolations(client, app));
  // The replays must not have written anything.
  yield* findInvariantViolations(storage, database === undefined);
}

/** The violations, and the contradiction that ends them, such as a refused query of an app that was lost. */
async function* withContradiction(violations: AsyncIterable<string>): AsyncGenerator<string> {
  try {
    yield* violations;
  } catch (error) {
    if (!(error instanceof ContradictionError)) throw error;
    yield error.message;
  }
}
