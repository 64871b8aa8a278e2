import { setTimeout as delay } from "node:timers/promises";
import { join } from "node:path";
import type { Finding, VerificationProgram, VerificationOptions } from "../program";
import { Random } from "../random";
import { type Fault, faults } from "./faults";
import { Assertions, ms } from "./assertions";
import { Load } from "./load";
import { Stage } from "./stage";
import { FixturePool } from "./fixture-pool";
import { attempt } from "./trial";

/** What the two forms of the proof differ in. Times are in milliseconds. */
interface Form {
  readonly trials: number;
  /** Between two revocations. */
  readonly pause: number;
  readonly mostUsed: number;
  readonly nap: number;
  readonly rest: number;
}

const short: Form = { trials: 8, pause: 40, mostUsed: 600, nap: 2_000, rest: 400 };
const long = (trials: number): Form => ({ trials, pause: 330, mostUsed: 3_000, nap: 10_000, rest: 2_500 });

/** As many subjects are made at once. */
const batch = 200;

export const revocation: VerificationProgram = {
  name: "revocation",
  promise:
    "Once a revocation is answered, no request that begins later is accepted with the old rights, by any instance; streams and uploads end, within 1 s where it was asked and 2 s elsewhere; nobody else is refused.",
  databases: ["mysql"],
  worst: "end of streams and uploads where asked, elsewhere; load",
  broken: { cache: "remembers for 2 s who holds a key" },
  run,
};

async function run(
  { seed, trials, minutes, broken, path }: VerificationOptions,
  report: (finding: Finding) => void,
  violation: (what: string) => void,
): Promise<void> {
  const until = performance.now() + (minutes ?? Infinity) * 60_000;
  const tried = path === undefined ? faults : faults.filter(({ name }) => name === path);
  if (tried.length === 0) throw new Error(`--path is to be one of: ${faults.map(({ name }) => name).join("; ")}`);
  const form = trials === undefined ? short : long(trials);
  const random = new Random(seed);
  const stage = await Stage.start(broken === "cache" ? { NODE_OPTIONS: `--require ${brokenCache}` } : {});
  const load = new Load(stage.instances, random.fork(), new Assertions(violation));
  try {
    const stock = await FixturePool.open(stage, random.fork());
    for (const [i, fault] of tried.entries()) {
      const left = tried.length - i;
      if (stock.size < form.trials) await stock.fill(Math.max(form.trials, Math.min(batch, left * form.trials)));
      report(await suffer(fault, form, { stage, stock, load, random: random.fork(), until }, violation));
    }
  } finally {
    load.end();
    await stage.end();
  }
}

const brokenCache = join(__dirname, "broken-cache.js");

interface Setting {
  readonly stage: Stage;
  readonly stock: FixturePool;
  readonly load: Load;
  readonly random: Random;
  readonly until: number;
}

async function suffer(
  fault: Fault,
  { trials, pause, mostUsed, nap, rest }: Form,
  { stage, stock, load, random, until }: Setting,
  violation: (what: string) => void,
): Promise<Finding> {
  const judgement = new Assertions((what) => violation(`(${fault.name}) ${what}`));
  load.judgement = judgement;
  const startedAt = performance.now();
  const end = await fault.begin({ stage, random: random.fork(), nap, rest });
  const begun: Promise<unknown>[] = [];
  const failures: unknown[] = [];
  while (begun.length < trials && failures.length === 0 && performance.now() < until) {
    const trial = attempt({ stage, stock, load, judgement, random: random.fork(), mostUsed });
    begun.push(trial.catch((error: unknown) => failures.push(error)));
    await delay(pause);
  }
  await Promise.all(begun);
  await end();
  if (failures.length > 0) throw failures[0];
  const seconds = (performance.now() - startedAt) / 1_000;
  return {
    fault: begun.length < trials ? `${fault.name} (time was up)` : fault.name,
    trials: begun.length,
    violations: judgement.violations,
    worst: inWords(judgement, seconds),
  };
}

const inWords = ({ worst, streams, unavailable, requests, unanswered }: Assertions, seconds: number): string =>
  [
    `${ms(worst.asked)}, ${ms(worst.elsewhere)} of ${streams} (${unavailable} unavailable)`,
    `${requests.toLocaleString("en")} requests (${unanswered} unanswered), ${Math.round(requests / seconds)} a second`,
  ].join("; ");
