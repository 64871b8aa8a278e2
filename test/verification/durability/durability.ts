import { Client } from "../../support/client";
import { MariaDbServer } from "../../support/mariadb";
import { ModelServer } from "../../support/model-server";
import type { Finding, VerificationProgram, VerificationOptions } from "../program";
import { Random } from "../random";
import { connectionsCut, databaseKilled, diskFull, type Fault, none, serverKilled } from "./fault";
import { WebhookLog } from "./webhook-log";
import { SmallDisk } from "./small-disk";
import { type Scenario, playScenario } from "./scenario";
import { clusterWorld, newSettings, type Settings, soleWorld, type Environment } from "./environment";
import { mutationsMade } from "./writer";

/** How many writes in the short form, and for how many there is a kill. */
const [fewWrites, fewestTimes, writesPerTime] = [1_500, 3, 2_000];
/** Has room for all that is written, in megabytes. */
const diskSize = 256;

interface Part {
  readonly fault: string;
  readonly inflict: Fault;
  /** How much is written meanwhile, beside the others. */
  readonly share: number;
  /** Of mutations that are to be made more often than usual. */
  readonly weights?: Readonly<Record<string, number>>;
}

/** In the world that all of them have together, one after the other. */
const partsOf = ({ database }: VerificationOptions): Part[] => [
  { fault: "none", inflict: none, share: 2 },
  { fault: "a server killed", inflict: serverKilled, share: 5 },
  ...(database === "mysql" ? [{ fault: "the database killed", inflict: databaseKilled, share: 3 }] : []),
  { fault: "connections cut", inflict: connectionsCut, share: 2 },
];

/** On MariaDB, which keeps its data elsewhere, it is uploads that there is no room for. */
const diskPart = (disk: SmallDisk, { database }: VerificationOptions): Part => ({
  fault: "the disk full",
  inflict: diskFull(disk, database === "sqlite" ? 100 : 3),
  share: shareOfDisk,
  ...(database === "mysql" && { weights: { uploadDocument: 15, deleteDocument: 10 } }),
});
const shareOfDisk = 2;

export const durability: VerificationProgram = {
  name: "durability",
  promise: "What was answered with success is there, once and whole, whatever is killed, cut off or full.",
  databases: ["sqlite", "mysql"],
  worst: "what happened meanwhile",
  broken: { "early-answer": "a change is answered up to 50 ms before it is committed" },

  async run(options, report, violation) {
    const random = new Random(options.seed);
    const settings = newSettings(
      options.broken === undefined ? {} : { NODE_OPTIONS: `--require ${require.resolve("./broken-early-answer")}` },
    );
    const [models, receiver] = await Promise.all([ModelServer.start(), WebhookLog.start()]);
    const surroundings = { adminKey: settings.adminKey, modelsUrl: models.baseUrl, receiver };
    const { trials = fewWrites, minutes = Infinity } = options;
    const times = Math.max(fewestTimes, Math.round(trials / writesPerTime));
    const end = Date.now() + minutes * 60_000;
    const parts = partsOf(options);
    let sharesLeft = parts.reduce((sum, { share }) => sum + share, shareOfDisk);
    const sharesInAll = sharesLeft;

    /** Plays one part, in its share of the time that is left. */
    const playPart = async ({ share, ...part }: Part, world: Environment): Promise<Finding> => {
      const plan: Scenario = {
        ...part,
        target: Math.ceil((trials * share) / sharesInAll),
        times,
        deadline: Date.now() + ((end - Date.now()) * share) / sharesLeft,
        surroundings,
        secretsKey: settings.secretsKey,
        prefix: `${part.fault.replaceAll(" ", "-")}-`,
      };
      sharesLeft -= share;
      return playScenario(plan, world, random.fork(), violation);
    };
    try {
      await within(options.database === "mysql" ? clusterWorld(settings) : soleWorld(settings), async (world) => {
        await expectAllMutations(world, settings);
        for (const part of parts) report(await playPart(part, world));
      });
      const disk = await SmallDisk.mount(diskSize);
      try {
        const database = options.database === "mysql" ? await MariaDbServer.start() : undefined;
        await within(soleWorld(settings, database, disk), async (world) => {
          report(await playPart(diskPart(disk, options), world));
        });
      } finally {
        await disk.unmount();
      }
    } finally {
      await Promise.all([models.stop(), receiver.stop()]);
    }
  },
};

async function within(starting: Promise<Environment>, work: (world: Environment) => Promise<void>): Promise<void> {
  const world = await starting;
  try {
    await work(world);
  } finally {
    await world.end();
  }
}

/** @throws where there is a mutation that no writer makes */
async function expectAllMutations({ urls: [url = ""] }: Environment, { adminKey }: Settings): Promise<void> {
  const admin = new Client(url, ["authorization", `Bearer ${adminKey}`]);
  const { __schema: schema } = await admin.data("{ __schema { mutationType { fields { name } } } }");
  const names: string[] = schema.mutationType.fields.map(({ name }: any) => name);
  const missing = names.filter((name) => !mutationsMade.includes(name));
  if (missing.length > 0) throw new Error(`The proof makes no ${missing.join(", ")}`);
}
