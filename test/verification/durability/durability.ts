import { Client } from "../../support/client";
import { MariaDbServer } from "../../support/mariadb";
import { ModelServer } from "../../support/model-server";
import type { Finding, VerificationProgram, VerificationOptions } from "../program";
import { Random } from "../random";
import { cutConnections, fillDisk, killDatabase, killServer, type Nemesis, none } from "./nemesis";
import { WebhookLog } from "./webhook-log";
import { SmallDisk } from "./small-disk";
import { type Scenario, runScenario } from "./scenario";
import { startCluster, newSettings, type Settings, startSingleServer, type Environment } from "./environment";
import { coveredMutations } from "./writer";

const defaultWrites = 1_500;
/** Each fault is injected once per this many writes, but at least this often. */
const writesPerRepetition = 2_000;
const minRepetitions = 3;
/** Enough for everything that is written. */
const diskMegabytes = 256;

interface Part {
  readonly fault: string;
  readonly nemesis: Nemesis;
  /** The share of the writes, relative to the other parts. */
  readonly share: number;
  /** Overrides the default weights of these mutations. */
  readonly weights?: Readonly<Record<string, number>>;
}

/** The parts that run in turn in one environment. */
const partsOf = ({ database }: VerificationOptions): Part[] => [
  { fault: "none", nemesis: none, share: 2 },
  { fault: "server killed", nemesis: killServer, share: 5 },
  ...(database === "mysql" ? [{ fault: "database killed", nemesis: killDatabase, share: 3 }] : []),
  { fault: "connections cut", nemesis: cutConnections, share: 2 },
];

/** MariaDB keeps its data on another disk, so only uploads fail; there are more of them. */
const diskPart = (disk: SmallDisk, { database }: VerificationOptions): Part => ({
  fault: "disk full",
  nemesis: fillDisk(disk, database === "sqlite" ? 100 : 3),
  share: diskShare,
  ...(database === "mysql" && { weights: { uploadDocument: 15, deleteDocument: 10 } }),
});
const diskShare = 2;

export const durability: VerificationProgram = {
  name: "durability",
  promise:
    "Every acknowledged write is stored exactly once and completely, despite kills, lost connections and full disks.",
  databases: ["sqlite", "mysql"],
  worst: "faults and load",
  broken: { "early-answer": "acknowledges a write up to 50 ms before it is committed" },

  async run(options, report, violation) {
    const random = new Random(options.seed);
    const settings = newSettings(
      options.broken === undefined ? {} : { NODE_OPTIONS: `--require ${require.resolve("./broken-early-answer")}` },
    );
    const [models, receiver] = await Promise.all([ModelServer.start(), WebhookLog.start()]);
    const services = { adminKey: settings.adminKey, modelsUrl: models.baseUrl, receiver };
    const { trials = defaultWrites, minutes = Infinity } = options;
    const repetitions = Math.max(minRepetitions, Math.round(trials / writesPerRepetition));
    const deadline = Date.now() + minutes * 60_000;
    const parts = partsOf(options);
    const allShares = parts.reduce((sum, { share }) => sum + share, diskShare);
    let remainingShares = allShares;

    /** Runs one part, within its share of the remaining time. */
    const runPart = async ({ share, ...part }: Part, environment: Environment): Promise<Finding> => {
      const scenario: Scenario = {
        ...part,
        target: Math.ceil((trials * share) / allShares),
        repetitions,
        deadline: Date.now() + ((deadline - Date.now()) * share) / remainingShares,
        services,
        secretsKey: settings.secretsKey,
        prefix: `${part.fault.replaceAll(" ", "-")}-`,
      };
      remainingShares -= share;
      return runScenario(scenario, environment, random.fork(), violation);
    };
    try {
      const shared = options.database === "mysql" ? startCluster(settings) : startSingleServer(settings);
      await useEnvironment(shared, async (environment) => {
        await expectAllMutationsCovered(environment, settings);
        for (const part of parts) report(await runPart(part, environment));
      });
      const disk = await SmallDisk.mount(diskMegabytes);
      try {
        const database = options.database === "mysql" ? await MariaDbServer.start() : undefined;
        await useEnvironment(startSingleServer(settings, database, disk), async (environment) => {
          report(await runPart(diskPart(disk, options), environment));
        });
      } finally {
        await disk.unmount();
      }
    } finally {
      await Promise.all([models.stop(), receiver.stop()]);
    }
  },
};

/** Stops the environment after the work, even if the work fails. */
async function useEnvironment(
  starting: Promise<Environment>,
  work: (environment: Environment) => Promise<void>,
): Promise<void> {
  const environment = await starting;
  try {
    await work(environment);
  } finally {
    await environment.stop();
  }
}

/** @throws {Error} if the schema has a mutation that no writer makes */
async function expectAllMutationsCovered({ urls: [url = ""] }: Environment, { adminKey }: Settings): Promise<void> {
  const admin = new Client(url, ["authorization", `Bearer ${adminKey}`]);
  const { __schema: schema } = await admin.data("{ __schema { mutationType { fields { name } } } }");
  const names: string[] = schema.mutationType.fields.map(({ name }: any) => name);
  const missing = names.filter((name) => !coveredMutations.includes(name));
  if (missing.length > 0) throw new Error(`The durability verification does not cover ${missing.join(", ")}`);
}
