import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { Cluster } from "../../support/cluster/cluster";
import type { Environment } from "../../support/process";
import { OwnServer } from "../own-server";
import type { VerificationProgram, VerificationOptions } from "../program";
import { anyCommands } from "./commands";
import { Administrators } from "./administrators";
import { createAgent, createSession } from "./agent-mutations";
import { type MutationCall, createApiKey, createApp, createScope } from "./mutations";
import { RaceCounters } from "./race-counters";
import { type Model, type Real, ConcurrentCommand, tryKeys } from "./concurrent-command";
import { World } from "./world";

/** How many runs the short form has. */
const shortForm = 40;

/** How often a case is tried that is known to have failed: a race has not the same winner each time. */
const attempts = 20;

/** How long it is looked for a shorter case of what failed, in milliseconds. */
const shrinking = 60_000;

export const consistency: VerificationProgram = {
  name: "consistency",
  promise:
    "Of what administrators do at once nothing is lost, and it comes out as if each had waited for the others; the same with one server on SQLite and three on MariaDB.",
  databases: ["sqlite", "mysql"],
  worst: "slowest answer",
  broken: {
    "lost-update":
      "the version of an agent is compared before the row is held, so that two updates may both find it as expected",
  },

  async run(options, report, violation) {
    const { urls, adminKey, end } = await serversOf(options);
    const administrators = await Administrators.of(urls, adminKey);
    const races = new RaceCounters();
    try {
      await prove({ administrators, races }, options, violation);
      for (const finding of races.findings) report(finding);
    } finally {
      await administrators.close();
      await end();
    }
  },
};

async function prove(real: Real, options: VerificationOptions, violation: (what: string) => void): Promise<void> {
  const { seed, database, trials = shortForm, minutes, path } = options;
  let times = path === undefined ? 1 : attempts;
  const property = fc.asyncProperty(
    fc.commands(
      [
        fc
          .tuple(anyCommands, fc.constantFrom("bySockets", "byRequests"))
          .map(([acts, way]) => new ConcurrentCommand(acts, way)),
      ],
      { maxCommands: 10, size: "+1" },
    ),
    async (commands) => {
      for (let i = 0; i < times; i += 1) {
        const model = await beginning(real);
        await fc.asyncModelRun(() => ({ model, real }), commands);
        await tryKeys(model, real);
      }
    },
  );
  const failed = await fc.check(property, {
    seed,
    numRuns: path === undefined ? Math.ceil(trials) : 1,
    endOnFailure: true,
    ...(path !== undefined && { path }),
    ...(minutes !== undefined && { interruptAfterTimeLimit: minutes * 60_000 }),
  });
  if (!failed.failed) return;

  const { counterexamplePath, counterexample } = failed;
  violation(`${told(failed.errorInstance)}, in ${shown(counterexample)}
    npm run prove -- consistency --seed ${seed} --path "${counterexamplePath ?? ""}" --database ${database}`);
  times = attempts;
  const shrunk = await fc.check(property, {
    seed,
    path: counterexamplePath ?? "",
    numRuns: 1,
    interruptAfterTimeLimit: shrinking,
  });
  if (shrunk.numShrinks > 0) violation(`shorter: ${told(shrunk.errorInstance)}, in ${shown(shrunk.counterexample)}`);
}

/** Each step on a line, as far as it came. */
const shown = (counterexample: readonly [Iterable<unknown>] | null): string =>
  [...(counterexample?.[0] ?? [])]
    .map(String)
    .filter((step) => !step.endsWith("[]"))
    .map((step) => `\n    ${step}`)
    .join("");

const told = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A world of its own, in which there is one of everything already, so that there is something to get at from the start. */
async function beginning(real: Real): Promise<Model> {
  const prefix = `${randomUUID()} `;
  const model: Model = {
    world: World.empty(),
    seen: { prefix, apps: [], scopes: [], keys: [], agents: [], sessions: [] },
  };
  const calls: ((world: World) => MutationCall)[] = [
    () => createApp(`${prefix}first`),
    ({ apps }) => createScope(first(apps), "a"),
    ({ apps }) => createAgent(first(apps), "a"),
    ({ apps }) => createSession(first(apps), "a"),
    ({ scopes }) => createApiKey(first(scopes), "a", undefined),
  ];
  for (const call of calls) {
    await new ConcurrentCommand([{ at: 0, which: 0, callIn: call }], "byRequests").run(model, real);
  }
  return model;
}

function first(things: ReadonlyMap<string, unknown>): string {
  const [id] = things.keys();
  if (id === undefined) throw new Error("What is made first is not there");
  return id;
}

/** One server on SQLite, or several on MariaDB. */
async function serversOf({ database, broken }: VerificationOptions) {
  const environment: Environment = {
    LOG_LEVEL: "error",
    // More runs than ever wait in a session here, as this is not about how many may.
    MAX_QUEUED_RUNS: "10000",
    ...(broken !== undefined && { NODE_OPTIONS: `--require ${require.resolve(`./broken-${broken}`)}` }),
  };
  const adminKey = randomUUID();
  if (database === "sqlite") {
    const server = await OwnServer.start(database, { ...environment, ADMIN_KEY: adminKey });
    return { urls: [server.process.url], adminKey, end: () => server.end() };
  }
  const cluster = await Cluster.start({ servers: 3, adminKey, environment });
  return { urls: cluster.servers.map(({ url }) => url), adminKey, end: () => cluster.end() };
}
