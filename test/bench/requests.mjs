/**
 * Compares Latchkey with a bare Apollo Server without keys, in turns, so that other work on the machine affects both:
 * `one` reads an agent by its id, `list` a page of 50 agents with six fields, `create` creates an agent. Prints the median
 * ratio of rounds and its spread, and the most memory that each server had. A ratio above 1 means that Latchkey is faster, or
 * needs less processor time. Arguments in any order: the number of rounds, one of these operations, the URL of a server of
 * MySQL or MariaDB in place of SQLite, and the folder of another build, which is compared with in place of Apollo.
 */
import { statSync } from "node:fs";
import { measure, peakMegabytesOf, quantile, requestOf } from "./support/load.mjs";
import { operations } from "./support/operations.mjs";
import { dropDatabases, ownDatabase } from "./support/own-database.mjs";
import { startBare, startUnlimited } from "./support/servers.mjs";

const agents = 200;
const args = process.argv.slice(2);
const rounds = Number(args.find((each) => /^\d+$/.test(each)) ?? 7);
const databaseUrl = args.find((each) => each.startsWith("mysql://"));
const base = args.find((each) => statSync(each, { throwIfNoEntry: false })?.isDirectory());
const load = { connections: 32, ms: 1_500 };

const chosen = Object.keys(operations).filter((name) => args.includes(name));
const names = chosen.length > 0 ? chosen : Object.keys(operations);
let created = 0;
const inputOf = ({ appId }) => ({ ...(appId && { appId }), name: `agent ${(created += 1)}` });

async function prepare(server) {
  const create = async () => {
    const response = await fetch(server.url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(server.header && { "x-api-key": server.header.split(" ")[1] }),
      },
      body: JSON.stringify({ query: operations.create, variables: { input: inputOf(server) } }),
    });
    const { data, errors } = await response.json();
    if (errors) throw new Error(JSON.stringify(errors));
    return data.createAgent.agent.id;
  };
  const ids = [];
  for (let i = 0; i < agents; i++) ids.push(await create());
  let next = 0;
  const one = ids.map((id) => requestOf(server.url, server.header, { query: operations.one, variables: { id } }));
  const list = requestOf(server.url, server.header, { query: operations.list });
  return {
    server,
    requests: {
      one: () => one[(next = (next + 1) % agents)],
      list: () => list,
      create: () =>
        requestOf(server.url, server.header, { query: operations.create, variables: { input: inputOf(server) } }),
    },
  };
}

const startOther = (environment) => (base === undefined ? startBare(environment) : startUnlimited(environment, base));
const programs = [
  await prepare(await startUnlimited(await ownDatabase(databaseUrl))),
  await prepare(await startOther(await ownDatabase(databaseUrl))),
];
const results = Object.fromEntries(names.map((name) => [name, programs.map(() => [])]));
// Round 0 warms up.
for (let round = 0; round <= rounds; round++) {
  for (const name of names) {
    const order = round % 2 === 0 ? [0, 1] : [1, 0];
    for (const i of order) {
      const { server, requests } = programs[i];
      const result = await measure(server, requests[name], load);
      if (round > 0) results[name][i].push(result);
    }
  }
}

const spread = (numbers) =>
  `${quantile(numbers, 0.5).toFixed(2)} (${Math.min(...numbers).toFixed(2)} to ${Math.max(...numbers).toFixed(2)})`;
for (const [name, [latchkey, bare]] of Object.entries(results)) {
  const speed = latchkey.map(({ perSecond }, i) => perSecond / bare[i].perSecond);
  const processor = latchkey.map(({ processorMs }, i) => bare[i].processorMs / processorMs);
  const times = latchkey.flatMap((result) => result.times);
  const median = (values, member) =>
    quantile(
      values.map((value) => value[member]),
      0.5,
    );
  console.log(
    `${name.padEnd(7)} requests/s ${spread(speed)}, processor ${spread(processor)};` +
      ` ${median(latchkey, "perSecond").toFixed(0)}/s against ${median(bare, "perSecond").toFixed(0)}/s,` +
      ` ${median(latchkey, "processorMs").toFixed(2)} ms against ${median(bare, "processorMs").toFixed(2)} ms;` +
      ` p99/p50 ${(quantile(times, 0.99) / quantile(times, 0.5)).toFixed(1)}`,
  );
}
const [memory, otherMemory] = programs.map(({ server }) => peakMegabytesOf(server.pid));
console.log(`memory  ${memory} MB at most against ${otherMemory} MB`);
await dropDatabases();
process.exit(0);
