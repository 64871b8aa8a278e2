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
import { type Model, type Real, ConcurrentCommand, verifyKeys } from "./concurrent-command";
import { ModelState } from "./model-state";

const defaultTrials = 40;

/** A failed case is repeated while it is replayed or shrunk, because the outcome of a race varies. */
const attemptsPerFailedCase = 20;

const maxShrinkMs = 60_000;

export const consistency: VerificationProgram = {
  name: "consistency",
  promise:
    "Concurrent mutations of administrators are linearizable and no update is lost, with one server on SQLite and with three on MariaDB.",
  databases: ["sqlite", "mysql"],
  worst: "slowest response",
  broken: {
    "lost-update": "compares the expected version of an agent before it locks the row, so that two updates may succeed",
  },

  async run(options, report, violation) {
    const { urls, adminKey, stop } = await startServers(options);
    const administrators = await Administrators.connect(urls, adminKey);
    const races = new RaceCounters();
    try {
      await verify({ administrators, races }, options, violation);
      for (const finding of races.findings) report(finding);
    } finally {
      await administrators.close();
      await stop();
    }
  },
};

async function verify(real: Real, options: VerificationOptions, violation: (what: string) => void): Promise<void> {
  const { seed, database, trials = defaultTrials, minutes, path } = options;
  let attempts = path === undefined ? 1 : attemptsPerFailedCase;
  const property = fc.asyncProperty(
    fc.commands(
      [
        fc
          .tuple(anyCommands, fc.constantFrom("overWebSocket", "overHttp"))
          .map(([commands, transport]) => new ConcurrentCommand(commands, transport)),
      ],
      { maxCommands: 10, size: "+1" },
    ),
    async (commands) => {
      for (let i = 0; i < attempts; i += 1) {
        const model = await createModel(real);
        await fc.asyncModelRun(() => ({ model, real }), commands);
        await verifyKeys(model, real);
      }
    },
  );
  const result = await fc.check(property, {
    seed,
    numRuns: path === undefined ? Math.ceil(trials) : 1,
    endOnFailure: true,
    ...(path !== undefined && { path }),
    ...(minutes !== undefined && { interruptAfterTimeLimit: minutes * 60_000 }),
  });
  if (!result.failed) return;

  const { counterexamplePath, counterexample } = result;
  violation(`${messageOf(result.errorInstance)}, in ${formatSteps(counterexample)}
    npm run verify -- consistency --seed ${seed} --path "${counterexamplePath ?? ""}" --database ${database}`);
  attempts = attemptsPerFailedCase;
  const shrunk = await fc.check(property, {
    seed,
    path: counterexamplePath ?? "",
    numRuns: 1,
    interruptAfterTimeLimit: maxShrinkMs,
  });
  if (shrunk.numShrinks > 0) {
    violation(`shrunk: ${messageOf(shrunk.errorInstance)}, in ${formatSteps(shrunk.counterexample)}`);
  }
}

/** One line for each step that was executed. */
const formatSteps = (counterexample: readonly [Iterable<unknown>] | null): string =>
  [...(counterexample?.[0] ?? [])]
    .map(String)
    .filter((step) => !step.endsWith("[]"))
    .map((step) => `\n    ${step}`)
    .join("");

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Starts with one object of each kind, so that the first commands have targets. */
async function createModel(real: Real): Promise<Model> {
  const prefix = `${randomUUID()} `;
  const model: Model = {
    state: ModelState.empty(),
    known: { prefix, apps: [], scopes: [], keys: [], agents: [], sessions: [] },
  };
  const mutations: ((state: ModelState) => MutationCall)[] = [
    () => createApp(`${prefix}first`),
    ({ apps }) => createScope(firstId(apps), "a"),
    ({ apps }) => createAgent(firstId(apps), "a"),
    ({ apps }) => createSession(firstId(apps), "a"),
    ({ scopes }) => createApiKey(firstId(scopes), "a", undefined),
  ];
  for (const toMutation of mutations) {
    await new ConcurrentCommand([{ serverIndex: 0, targetIndex: 0, toMutation }], "overHttp").run(model, real);
  }
  return model;
}

function firstId(objects: ReadonlyMap<string, unknown>): string {
  const [id] = objects.keys();
  if (id === undefined) throw new Error("An object that was created first does not exist");
  return id;
}

/** Starts one server on SQLite, or three on MariaDB. */
async function startServers({ database, broken }: VerificationOptions) {
  const environment: Environment = {
    LOG_LEVEL: "error",
    // Higher than the number of runs that are ever queued: limits are not under test here.
    MAX_QUEUED_RUNS: "10000",
    ...(broken !== undefined && { NODE_OPTIONS: `--require ${require.resolve(`./broken-${broken}`)}` }),
  };
  const adminKey = randomUUID();
  if (database === "sqlite") {
    const server = await OwnServer.start(database, { ...environment, ADMIN_KEY: adminKey });
    return { urls: [server.process.url], adminKey, stop: () => server.end() };
  }
  const cluster = await Cluster.start({ servers: 3, adminKey, environment });
  return { urls: cluster.servers.map(({ url }) => url), adminKey, stop: () => cluster.end() };
}
