import { setTimeout as delay } from "node:timers/promises";
import { TestProcess } from "../../support/process";
import type { KeyHolder } from "../../support/test-app";
import { HttpClient } from "../http-client";
import { OwnServer } from "../own-server";
import type { VerificationProgram } from "../program";
import { Random } from "../random";
import { writeIntervalMs } from "./write-interval";

const defaultKills = 5;
const callersPerKey = 4;
/** Requests are sent for this time before a kill. */
const [minLoadMs, maxLoadMs] = [1_600, 3_000];
/** Requests that were answered this long before a kill must be counted: the interval of the writes, and the time that one takes. */
const maxLossMs = writeIntervalMs + 1_000;

/** The requests of one key since the server was started. */
interface Sent {
  count: number;
  readonly answeredAt: number[];
}

export const usage: VerificationProgram = {
  name: "usage",
  promise: "A kill loses the usage since the last write at most, and no request is counted twice.",
  databases: ["sqlite", "mysql"],
  worst: "what was compared",
  broken: { seldom: "writes usage once a minute, although it should do so more often" },

  async run({ database, seed, trials = defaultKills, minutes = Infinity, broken }, report, violation) {
    const random = new Random(seed);
    const deadline = Date.now() + minutes * 60_000;
    const preload = require.resolve(broken === undefined ? "./frequent-writes" : "./broken-seldom");
    const server = await OwnServer.start(database, { NODE_OPTIONS: `--require ${preload}` });
    let child = server.process;
    let [kills, violations, sent, lost] = [0, 0, 0, 0];
    try {
      const app = await child.newApp();
      const keys = [await app.key({ agents: "VIEW" }), await app.key({ agents: "VIEW" })];
      let counted = new Map<string, number>();
      for (; kills < trials && Date.now() < deadline; kills++) {
        const { sent: sentBefore, killedAt } = await load(child, keys, random.integer(minLoadMs, maxLoadMs));
        child = await new TestProcess(server.process.environment).ready();
        const countedNow = await countsOf(child, app.id);
        for (const { keyId } of keys) {
          const requests = sentBefore.get(keyId) ?? { count: 0, answeredAt: [] };
          const min = requests.answeredAt.filter((at) => at < killedAt - maxLossMs).length;
          const count = (countedNow.get(keyId) ?? 0) - (counted.get(keyId) ?? 0);
          sent += requests.count;
          lost += requests.count - count;
          if (count >= min && count <= requests.count) continue;
          violations++;
          violation(`after kill ${kills + 1}: ${count} requests counted, of ${requests.count} sent, ${min} at least`);
        }
        counted = countedNow;
      }
      report({
        fault: "server killed under requests",
        trials: kills,
        violations,
        worst: `${sent} requests, ${lost} lost`,
      });
    } finally {
      if (child.exit === null) await child.end("SIGKILL");
      await server.end();
    }
  },
};

/** Sends requests with all keys for a time, then kills the server. @returns what was sent, by key */
async function load(
  child: TestProcess,
  keys: readonly KeyHolder[],
  durationMs: number,
): Promise<{ readonly sent: ReadonlyMap<string, Sent>; readonly killedAt: number }> {
  const client = new HttpClient(child.url, keys.length * callersPerKey);
  const sent = new Map<string, Sent>(keys.map(({ keyId }) => [keyId, { count: 0, answeredAt: [] }]));
  let isAlive = true;
  const callers = keys.flatMap(({ keyId, credential }) =>
    Array.from({ length: callersPerKey }, async () => {
      const requests = sent.get(keyId);
      while (isAlive && requests) {
        requests.count++;
        await client.send(credential, "{ agents { nodes { id } } }").then(
          ({ ended }) => requests.answeredAt.push(ended),
          () => undefined,
        );
      }
    }),
  );
  await delay(durationMs);
  const killedAt = performance.now();
  await child.end("SIGKILL");
  isAlive = false;
  await client.close();
  await Promise.all(callers);
  return { sent, killedAt };
}

/** The requests of each key, as the server tells them. */
async function countsOf({ admin }: TestProcess, appId: string): Promise<Map<string, number>> {
  const { usage: told } = await admin.data(
    `query ($appId: ID!) { usage(appId: $appId, groupBy: [KEY]) { rows { apiKeyId requests } } }`,
    { appId },
  );
  return new Map(
    (told.rows as { apiKeyId: string; requests: number }[]).map(({ apiKeyId, requests }) => [apiKeyId, requests]),
  );
}
