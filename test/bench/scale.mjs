/**
 * Compares a server with little data with one that has much: 1,000 keys with 1,000,000, and 200 agents with 200,000; and in
 * the latter, the first page of a list with its 1,000th. Each request is sent with another key. Prints the median ratio of
 * rounds and its spread: 1.2 means that the large one takes 1.2 times as long.
 */
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { measure, quantile, requestOf } from "./support/load.mjs";
import { startLatchkey } from "./support/servers.mjs";

const [rounds = 7, manyKeys = 1_000_000, manyAgents = 200_000] = process.argv.slice(2).map(Number);
const load = { connections: 8, ms: 1_500 };
const pageSize = 50;
const deepPage = 1_000;
const secrets = 1_000;
const rowsPerTransaction = 5_000;
const { newSecret, digestOf } = createRequire(import.meta.url)("../../dist/src/domain/api-key/secret.js");

const one = "query ($id: ID!) { agent(id: $id) { id name model } }";
const page =
  "query ($after: String) { agents(first: 50, after: $after) { nodes { id name model version createdAt } } }";

/** Adds rows to the database of a server, which may write between its transactions. */
function insert(db, statement, count, rowOf) {
  const prepared = db.prepare(statement);
  for (let from = 0; from < count; from += rowsPerTransaction) {
    db.transaction(() => {
      for (let i = from; i < Math.min(count, from + rowsPerTransaction); i++) prepared.run(...rowOf(i));
    })();
  }
}

/** In the order of their numbers, after all that the server has made. */
const idOf = (i) => `ffffffff-0000-7000-8000-${String(i).padStart(12, "0")}`;
const time = "2026-01-01 00:00:00.000";

async function prepare(keys, agents) {
  const server = await startLatchkey();
  const db = new Sqlite(join(server.dataDir, "latchkey.sqlite"), { timeout: 5_000 });
  db.pragma("synchronous = OFF");
  const { id: scopeId } = db.prepare("SELECT scopeId AS id FROM api_key").get();
  const known = Array.from({ length: Math.min(secrets, keys) }, () => newSecret());
  const columns = "id, appId, scopeId, name, hint, digest, createdAt";
  insert(db, `INSERT INTO api_key (${columns}) VALUES (?, ?, ?, ?, 'latchkey_...', ?, '${time}')`, keys, (i) => {
    const digest = i < known.length ? digestOf(known[i]) : randomBytes(32);
    return [idOf(i), server.appId, scopeId, `key ${i}`, digest];
  });
  const agentColumns = "id, appId, name, description, instructions, model, version, createdAt, updatedAt";
  const values = `?, ?, ?, '', 'Answer briefly.', 'builtin:extractive', 1, '${time}', '${time}'`;
  insert(db, `INSERT INTO agent (${agentColumns}) VALUES (${values})`, agents, (i) => [
    idOf(i),
    server.appId,
    `agent ${i}`,
  ]);
  db.pragma("wal_checkpoint(TRUNCATE)");
  db.close();

  let next = 0;
  const header = () => `x-api-key: ${known[(next = (next + 1) % known.length)]}`;
  const request = (query, variables) => requestOf(server.url, header(), { query, variables });
  const after = Buffer.from(idOf((deepPage - 1) * pageSize - 1)).toString("base64url");
  return {
    server,
    one: () => request(one, { id: idOf(next % agents) }),
    first: () => request(page, {}),
    deep: () => request(page, { after }),
  };
}

const [small, large] = [await prepare(1_000, 200), await prepare(manyKeys, manyAgents)];
const comparisons = {
  "a million keys against a thousand": [small.server, small.one, large.server, large.one],
  "first page of 200,000 agents against that of 200": [small.server, small.first, large.server, large.first],
  "page 1,000 against page 1": [large.server, large.first, large.server, large.deep],
};
for (const [name, [base, baseRequest, other, otherRequest]] of Object.entries(comparisons)) {
  const ratios = { time: [], processor: [] };
  // Round 0 warms up.
  for (let round = 0; round <= rounds; round++) {
    const results = [];
    for (const i of round % 2 === 0 ? [0, 1] : [1, 0]) {
      results[i] = await measure(i === 0 ? base : other, i === 0 ? baseRequest : otherRequest, load);
    }
    if (round === 0) continue;
    ratios.time.push(results[0].perSecond / results[1].perSecond);
    ratios.processor.push(results[1].processorMs / results[0].processorMs);
  }
  const spread = (numbers) =>
    `${quantile(numbers, 0.5).toFixed(2)} (${Math.min(...numbers).toFixed(2)} to ${Math.max(...numbers).toFixed(2)})`;
  console.log(`${name}: time ${spread(ratios.time)}, processor ${spread(ratios.processor)}`);
}
process.exit(0);
