import { setTimeout as delay } from "node:timers/promises";
import { join } from "node:path";
import type { Finding, VerificationProgram, VerificationOptions } from "../program";
import { Random } from "../random";
import { type Nemesis, nemeses } from "./nemesis";
import { Assertions, ms } from "./assertions";
import { LoadGenerator } from "./load";
import { Testbed } from "./testbed";
import { FixturePool } from "./fixture-pool";
import { runTrial } from "./trial";
import { callbackRetryMs } from "./work-in-flight";

/** The parameters in which the short form and the long form differ. */
interface Parameters {
  readonly trials: number;
  /** Between the starts of two trials. */
  readonly trialIntervalMs: number;
  readonly maxUseMs: number;
  readonly suspensionMs: number;
  readonly faultIntervalMs: number;
}

const shortForm: Parameters = {
  trials: 8,
  trialIntervalMs: 40,
  maxUseMs: 600,
  suspensionMs: 2_000,
  faultIntervalMs: 400,
};
const longForm = (trials: number): Parameters => ({
  trials,
  trialIntervalMs: 330,
  maxUseMs: 3_000,
  suspensionMs: 10_000,
  faultIntervalMs: 2_500,
});

/** The number of credentials that are created together. */
const batchSize = 200;

export const revocation: VerificationProgram = {
  name: "revocation",
  promise:
    "Once a revocation is acknowledged, no instance accepts a new request with the old rights; streams, uploads and mutations end within 1 s on the instance that revoked and 2 s on the others, where runs end too; nothing is committed or posted any more; nobody else is refused.",
  databases: ["mysql"],
  worst: "end of streams, uploads and mutations (local, remote); load",
  broken: {
    cache: "caches the holder of a key for 2 s",
    "in-flight": "lets operations keep the rights that they were admitted with",
    runs: "lets the runs of revoked keys go on",
  },
  run,
};

async function run(
  { seed, trials, minutes, broken, path }: VerificationOptions,
  report: (finding: Finding) => void,
  violation: (what: string) => void,
): Promise<void> {
  const deadline = performance.now() + (minutes ?? Infinity) * 60_000;
  const selected = path === undefined ? nemeses : nemeses.filter(({ fault }) => fault === path);
  if (selected.length === 0) {
    throw new Error(`--path must be one of: ${nemeses.map(({ fault }) => fault).join("; ")}`);
  }
  const parameters = trials === undefined ? shortForm : longForm(trials);
  const random = new Random(seed);
  const bug = broken === undefined ? {} : { NODE_OPTIONS: `--require ${join(__dirname, `broken-${broken}.js`)}` };
  const testbed = await Testbed.start(bug);
  const load = new LoadGenerator(testbed.instances, random.fork(), new Assertions(violation));
  try {
    const pool = await FixturePool.create(testbed, random.fork());
    const laterChecks: (() => void)[] = [];
    for (const [i, nemesis] of selected.entries()) {
      const remaining = (selected.length - i) * parameters.trials;
      if (pool.size < parameters.trials) await pool.fill(Math.max(parameters.trials, Math.min(batchSize, remaining)));
      const context = { testbed, pool, load, random: random.fork(), deadline };
      const { finding, checks } = await runTrials(nemesis, parameters, context, violation);
      report(finding);
      laterChecks.push(...checks);
    }
    await delay(callbackRetryMs);
    for (const check of laterChecks) check();
  } finally {
    load.stop();
    await testbed.stop();
  }
}

interface Context {
  readonly testbed: Testbed;
  readonly pool: FixturePool;
  readonly load: LoadGenerator;
  readonly random: Random;
  readonly deadline: number;
}

/**
 * Runs trials while a nemesis injects its fault.
 *
 * @returns its finding, whose violations grow with those that the checks find, which are for `callbackRetryMs` later
 */
async function runTrials(
  nemesis: Nemesis,
  { trials, trialIntervalMs, maxUseMs, suspensionMs, faultIntervalMs }: Parameters,
  { testbed, pool, load, random, deadline }: Context,
  violation: (what: string) => void,
): Promise<{ finding: Finding; checks: (() => void)[] }> {
  const { fault } = nemesis;
  const assertions = new Assertions((what) => violation(`(${fault}) ${what}`));
  load.assertions = assertions;
  const startedAt = performance.now();
  const stop = await nemesis.start({ testbed, random: random.fork(), suspensionMs, intervalMs: faultIntervalMs });
  const started: Promise<(() => void) | number>[] = [];
  const failures: unknown[] = [];
  while (started.length < trials && failures.length === 0 && performance.now() < deadline) {
    const trial = runTrial({ testbed, pool, load, assertions, random: random.fork(), maxUseMs });
    started.push(trial.catch((error: unknown) => failures.push(error)));
    await delay(trialIntervalMs);
  }
  const ended = await Promise.all(started);
  await stop();
  if (failures.length > 0) throw failures[0];
  const seconds = (performance.now() - startedAt) / 1_000;
  const finding = {
    fault: started.length < trials ? `${fault} (out of time)` : fault,
    trials: started.length,
    get violations() {
      return assertions.violations;
    },
    worst: summaryOf(assertions, seconds),
  };
  return { finding, checks: ended.filter((check) => typeof check === "function") };
}

const summaryOf = ({ worstLagMs, streams, unavailable, requests, unanswered }: Assertions, seconds: number): string =>
  [
    `${ms(worstLagMs.local)}, ${ms(worstLagMs.remote)} of ${streams} (${unavailable} unavailable)`,
    `${requests.toLocaleString("en")} requests (${unanswered} unanswered), ${Math.round(requests / seconds)} requests/s`,
  ].join("; ");
