import { Receiver } from "../../support/receiver";
import { OwnServer } from "../own-server";
import type { VerificationProgram, VerificationOptions } from "../program";
import { Random } from "../random";
import { Driver } from "./driver";
import { rootFields } from "./fields";
import { createFixtures } from "./fixtures";
import { allOf, countOf, type Credential, credentials, leastSample, sampleOf, type AccessCase } from "./case";
import { atOnce, CaseRunner } from "./case-runner";

/** The short form's: each field by each transport from each kind of sender, three times. */
const shortForm = 3 * leastSample;

const names = Object.keys(credentials) as Credential[];
const total = names.reduce((sum, name) => sum + countOf(name), 0);

export const access: VerificationProgram = {
  name: "access",
  promise: `No operation is executed that the caller's scope does not allow, and one that is refused changes nothing (${total.toLocaleString("en")} trials; with --trials as many, all of them).`,
  databases: ["sqlite", "mysql"],
  worst: "slowest answer",
  broken: {
    alias: "the verdict does not see root fields under an alias; TypeGraphQL's checker stands behind it",
    "alias-unchecked": "the same, and nothing stands behind it",
  },

  async run(options, report, violation) {
    const receiver = await Receiver.start();
    const server = await OwnServer.start(options.database, {
      MODEL_ALLOWED_HOSTS: "127.0.0.1",
      ...(options.broken !== undefined && {
        NODE_OPTIONS: `--require ${require.resolve(`./broken-${options.broken}`)}`,
      }),
    });
    const driver = new Driver(server.process.url, atOnce);
    try {
      await knowAllFields(server);
      const scene = await createFixtures(server.process, receiver);
      const trial = new CaseRunner(server, driver, scene, deadlineOf(options), violation);
      for (const [credential, trials] of trialsOf(options)) report(await trial.all(credential, trials));
      report(trial.changes);
    } finally {
      await Promise.allSettled([driver.close(), server.end(), receiver.stop()]);
    }
  },
};

const deadlineOf = ({ minutes }: VerificationOptions): number => performance.now() + (minutes ?? Infinity) * 60_000;

function trialsOf({ trials = shortForm, seed }: VerificationOptions): Map<Credential, Iterable<AccessCase>> {
  if (trials >= total) return new Map(names.map((name) => [name, allOf(name)]));
  return sampleOf(Math.ceil(trials), new Random(seed));
}

/** @throws where the server has a root field that nothing is known of here, or the other way round */
async function knowAllFields({ process: { admin } }: OwnServer): Promise<void> {
  const type = "{ name fields { name } }";
  const { __schema: schema } = await admin.data(
    `{ __schema { queryType ${type} mutationType ${type} subscriptionType ${type} } }`,
  );
  const types = Object.values<{ name: string; fields: { name: string }[] }>(schema);
  const served = types.flatMap(({ name, fields }) => fields.map((field) => `${name}.${field.name}`));
  const known = rootFields.map(({ coordinate }) => coordinate);
  if (served.sort().join() !== known.sort().join()) {
    throw new Error(`The server has the root fields ${served.join(", ")}, and known are ${known.join(", ")}`);
  }
}
