import { setTimeout as delay } from "node:timers/promises";
import type { Finding } from "../program";
import type { Random } from "../random";
import { RetryingClient, Contradiction, type Reach } from "./retrying-client";
import { type Fault, newDoors } from "./fault";
import { documentHalves, violatedInvariants, isSettled, secretDifferences } from "./invariants";
import { WriterClient, type Surroundings } from "./writer-client";
import { differencesOf, replayDifferences } from "./verification";
import type { Environment } from "./environment";
import { Writer } from "./writer";

/** How many change something at once. */
const writers = 32;
/** How many apps are read back at once. */
const readers = 8;
/** With so many, there is no need of more. */
const mostViolations = 100;
/** How long runs that were cut off take to end, at most, in milliseconds: others notice after 18 s. */
const patience = 45_000;

/** What is to be written while something happens. */
export interface Scenario {
  readonly fault: string;
  readonly inflict: Fault;
  /** How many writes are to be answered with success. */
  readonly target: number;
  /** How often it is to happen. */
  readonly times: number;
  /** When to leave off, whatever is left, in milliseconds since 1970. */
  readonly deadline: number;
  /** Of mutations that are to be made more often or less often than usual. */
  readonly weights?: Readonly<Record<string, number>> | undefined;
  readonly surroundings: Surroundings;
  readonly secretsKey: Buffer;
  /** Begins the names that are given here. */
  readonly prefix: string;
}

/**
 * Has writers change things while a fault happens, then kills all that runs, starts it again, and reads back what was
 * answered.
 */
export async function playScenario(
  plan: Scenario,
  world: Environment,
  random: Random,
  violation: (what: string) => void,
) {
  const { fault, target, deadline } = plan;
  const reach: Reach = { doors: newDoors(world.urls), pause: 0 };
  const askings = Array.from({ length: writers }, () => new RetryingClient(reach, random.fork()));
  const hands = askings.map(
    (asking, i) => new WriterClient(asking, random.fork(), plan.surroundings, `${plan.prefix}${i}`),
  );
  let violations = 0;
  const broken = (what: string) => {
    violations += 1;
    violation(`${fault}: ${what}`);
  };
  const all = hands.map((hand) => new Writer(hand, plan.weights ?? {}, broken));
  const sumWritten = () => all.reduce((sum, { written }) => sum + written, 0);
  const sumFailures = () => askings.reduce((sum, { failures }) => sum + failures, 0);
  const isTimeOver = () => Date.now() > deadline || violations >= mostViolations;

  let isOver = false;
  const begun = performance.now();
  const until = async (condition: () => boolean) => {
    while (!condition() && !isOver && !isTimeOver()) await delay(5);
    return !isOver && !isTimeOver();
  };
  const written = (part: number) => until(() => sumWritten() >= part * target);
  const failed = (count: number) => {
    const before = sumFailures();
    return until(() => sumFailures() >= before + count);
  };
  const work = Promise.all(all.map((writer) => writer.writeUntil(() => isOver)));
  const stage = { world, random: random.fork(), reach, times: plan.times, written, failed };
  const inflicted = plan.inflict(stage).then(async (words) => {
    await written(1);
    return words;
  });
  const end = () => (isOver = true);
  const [words] = await Promise.all([inflicted.finally(end), work.finally(end)]);
  const seconds = (performance.now() - begun) / 1_000;

  reach.pause = 0;
  if (words !== "") await killAll(world);
  await settled(world);
  await world.outside.sweep();
  const found = readBack(plan, world, all, hands);
  for await (const what of found) broken(what);
  await Promise.all(reach.doors.map((door) => door.close()));

  const count = sumWritten();
  const pace = `${Math.round(count / seconds)} writes/s`;
  const told = [words, `${sumFailures().toLocaleString("en")} times no answer`, pace, count < target && "out of time"];
  return { fault, trials: count, violations, worst: told.filter(Boolean).join(", ") } satisfies Finding;
}

/** Also those who were not killed before have nothing in memory then. */
async function killAll(world: Environment): Promise<void> {
  const indexes = world.urls.map((_, index) => index);
  await Promise.all([...indexes.map((index) => world.kill(index)), world.database?.kill()]);
  await world.database?.start();
  // As if their time was over, until which those that were cut off are taken for being under way.
  await world.outside.rows([
    "UPDATE callback_delivery SET dueAt = claimedAt WHERE status = 'PENDING' AND claimedAt IS NOT NULL",
  ]);
  for (const index of indexes) await world.start(index);
}

async function settled({ outside }: Environment): Promise<void> {
  const deadline = Date.now() + patience;
  while (!(await isSettled(outside)) && Date.now() < deadline) await delay(500);
}

async function* readBack(
  { secretsKey }: Scenario,
  { outside, database }: Environment,
  all: readonly Writer[],
  hands: readonly WriterClient[],
): AsyncGenerator<string> {
  const apps = all.flatMap((writer, i) => writer.apps.map((app) => ({ app, hand: hands[i] })));
  const found: string[] = [];
  const queue = apps.values();
  await Promise.all(
    Array.from({ length: readers }, async () => {
      for (const { app, hand } of queue) {
        if (!hand) continue;
        for await (const what of orContradiction(differencesOf(hand, app))) found.push(what);
      }
    }),
  );
  yield* found;
  yield* violatedInvariants(outside, database === undefined);
  yield* documentHalves(outside);
  yield* secretDifferences(
    outside,
    secretsKey,
    apps.map(({ app }) => app),
  );
  for (const { app, hand } of apps) if (hand) yield* orContradiction(replayDifferences(hand, app));
  // Who asks again makes nothing, by halves or whole.
  yield* violatedInvariants(outside, database === undefined);
}

/** What is found; and where something is refused that must not be, such as reading an app that is lost, that too. */
async function* orContradiction(found: AsyncIterable<string>): AsyncGenerator<string> {
  try {
    yield* found;
  } catch (error) {
    if (!(error instanceof Contradiction)) throw error;
    yield error.message;
  }
}
