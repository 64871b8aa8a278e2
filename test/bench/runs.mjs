/**
 * Counts the runs of the built-in model that a server finishes in a second: 16 callers, each in a session of its own without
 * documents, each the next run as soon as it has the answer of the last. On SQLite, or on MySQL or MariaDB if a URL is given
 * as an argument or by TEST_DATABASE_URL; each server makes a database of its own there. The folder of another build, such
 * as a checkout of an earlier commit with `npm ci && npm run build`, is measured in turns with this one, so that other work
 * on the machine affects both. Arguments in any order: a number of rounds, a URL, a folder.
 */
import { statSync } from "node:fs";
import { measure, quantile, requestOf } from "./support/load.mjs";
import { dropDatabases, ownDatabase } from "./support/own-database.mjs";
import { startLatchkey } from "./support/servers.mjs";

const callers = 16;
const ms = 3_000;
const args = process.argv.slice(2);
const rounds = Number(args.find((each) => /^\d+$/.test(each)) ?? 7);
const databaseUrl = args.find((each) => each.startsWith("mysql://")) ?? process.env.TEST_DATABASE_URL;
const base = args.find((each) => statSync(each, { throwIfNoEntry: false })?.isDirectory());

const execution = `mutation ($input: ExecuteAgentInput!) { executeAgent(input: $input) { run { status output } } }`;

async function prepare(build) {
  const server = await startLatchkey(await ownDatabase(databaseUrl), build);
  const { administer, appId, url, header } = server;
  const { agent } = await administer(
    `mutation ($appId: ID!) { createAgent(input: { appId: $appId, name: "bench" }) { agent { id } } }`,
    { appId },
  );
  const sessions = [];
  for (let i = 0; i < callers; i++) {
    const { session } = await administer(
      `mutation ($appId: ID!) { createSession(input: { appId: $appId }) { session { id } } }`,
      { appId },
    );
    sessions.push(session.id);
  }
  const requests = sessions.map((id) =>
    requestOf(url, header, {
      query: execution,
      variables: { input: { agentId: agent.id, session: { id }, text: "What is red?", waitMs: 30_000 } },
    }),
  );
  // A connection sends its next request when it has an answer, so its session is free.
  return { server, nextRequest: (caller) => requests[caller] };
}

try {
  const programs = [await prepare(), ...(base === undefined ? [] : [await prepare(base)])];
  const results = programs.map(() => []);
  // Round 0 warms up.
  for (let round = 0; round <= rounds; round++) {
    const order = programs.map((_, i) => i);
    for (const i of round % 2 === 0 ? order : order.reverse()) {
      const { server, nextRequest } = programs[i];
      const result = await measure(server, nextRequest, { connections: callers, ms });
      if (round > 0) results[i].push(result);
    }
  }

  const spread = (numbers, digits) =>
    `${quantile(numbers, 0.5).toFixed(digits)} (${Math.min(...numbers).toFixed(digits)} to ${Math.max(...numbers).toFixed(digits)})`;
  const rates = results.map((of) => of.map(({ perSecond }) => perSecond));
  const processor = results.map((of) => of.map(({ processorMs }) => processorMs));
  const place = databaseUrl === undefined ? "SQLite" : "MySQL or MariaDB";
  for (const [i, name] of [`this build on ${place}`, `${base} on ${place}`].slice(0, programs.length).entries())
    console.log(`${name}: ${spread(rates[i], 0)} runs/s, ${spread(processor[i], 2)} ms of processor time each`);
  if (base !== undefined) {
    const ratio = (ours, theirs) => ours.map((each, round) => each / theirs[round]);
    console.log(
      `ratio: ${spread(ratio(rates[0], rates[1]), 2)} of the runs/s, ${spread(ratio(processor[0], processor[1]), 2)} of the processor time`,
    );
  }
} finally {
  await dropDatabases();
}
process.exit(0);
