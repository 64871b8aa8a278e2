import { allowHosts } from "../../support/allowed-hosts";
import { Receiver } from "../../support/receiver";
import { OwnServer } from "../own-server";
import type { VerificationProgram, VerificationOptions } from "../program";
import { Random } from "../random";
import { type AccessCase, allCases, caseCount, type Credential, credentials, minSampleSize, sampleCases } from "./case";
import { CaseRunner, concurrency } from "./case-runner";
import { Driver } from "./driver";
import { rootFields } from "./fields";
import { createFixtures } from "./fixtures";

/** Three cases of each root field over each transport with each credential. */
const defaultTrials = 3 * minSampleSize;

const names = Object.keys(credentials) as Credential[];
const total = names.reduce((sum, name) => sum + caseCount(name), 0);

export const access: VerificationProgram = {
  name: "access",
  promise: `No operation is executed that the caller's scope does not permit, and a denied operation changes nothing (--trials ${total} runs all cases).`,
  databases: ["sqlite", "mysql"],
  worst: "slowest response",
  broken: {
    alias: "the authorizer ignores root fields with an alias; TypeGraphQL's auth checker still denies them",
    "alias-unchecked": "the authorizer ignores root fields with an alias, and TypeGraphQL's auth checker is off",
    "own-sessions": "keys that are confined to the sessions of their scope reach all sessions of the app",
    "selected-agents": "keys that are confined to selected agents reach all agents of the app",
    "same-origin": "a session of the console counts in requests of other pages too",
    addresses: "the address list of a key is ignored, and that of its scope is not",
  },

  async run(options, report, violation) {
    const receiver = await Receiver.start();
    const server = await OwnServer.start(options.database, {
      ...allowHosts("127.0.0.1"),
      // A key may have a quarter of it, and all cases of a moment may be multipart requests of one key.
      MAX_UPLOADS: String(4 * concurrency),
      ...(options.broken !== undefined && {
        NODE_OPTIONS: `--require ${require.resolve(`./broken-${options.broken}`)}`,
      }),
    });
    const driver = new Driver(server.process.url, concurrency);
    try {
      await assertFieldsKnown(server);
      const fixtures = await createFixtures(server.process, receiver);
      const runner = new CaseRunner(server, driver, fixtures, deadlineOf(options), violation);
      for (const [credential, cases] of casesOf(options)) report(await runner.runAll(credential, cases));
      report(runner.databaseFinding);
    } finally {
      await Promise.allSettled([driver.close(), server.end(), receiver.stop()]);
    }
  },
};

const deadlineOf = ({ minutes }: VerificationOptions): number => performance.now() + (minutes ?? Infinity) * 60_000;

function casesOf({ trials = defaultTrials, seed }: VerificationOptions): Map<Credential, Iterable<AccessCase>> {
  if (trials >= total) return new Map(names.map((name) => [name, allCases(name)]));
  return sampleCases(Math.ceil(trials), new Random(seed));
}

/** @throws if the server's root fields differ from the fields that the cases cover */
async function assertFieldsKnown({ process: { admin } }: OwnServer): Promise<void> {
  const type = "{ name fields { name } }";
  const { __schema: schema } = await admin.data(
    `{ __schema { queryType ${type} mutationType ${type} subscriptionType ${type} } }`,
  );
  const types = Object.values<{ name: string; fields: { name: string }[] }>(schema);
  const served = types.flatMap(({ name, fields }) => fields.map((field) => `${name}.${field.name}`));
  const known = rootFields.map(({ coordinate }) => coordinate);
  if (served.sort().join() !== known.sort().join()) {
    throw new Error(`The server's root fields are ${served.join(", ")}, but the cases cover ${known.join(", ")}`);
  }
}
