/**
 * Compares Latchkey with other servers that keep agents in SQLite behind a key, in turns: `one` reads an agent by its id,
 * `list` a page of 50 agents with six fields, `create` creates an agent. Prints medians of the ratios of rounds and their
 * spreads. A ratio above 1 means that Latchkey is faster, or needs less processor time.
 *
 * The rivals are installed elsewhere: copy this folder to FOLDER, and run `npm install` in the folder of each rival there.
 * `node test/bench/rivals/rivals.mjs FOLDER [rival ...]` then compares the built Latchkey with all of them, or with some.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { URL } from "node:url";
import { measure, processorMsOf, quantile, requestOf } from "../support/load.mjs";
import { operations } from "../support/operations.mjs";
import { startUnlimited } from "../support/servers.mjs";

const agents = 200;
const rounds = 3;
/** Longer than that of the benchmark of requests, as the slowest answer a hundred a second, in batches. */
const load = { connections: 32, ms: 5_000 };
const operationNames = Object.keys(operations);

const ofSameSchema = {
  ...operations,
  idOf: ({ createAgent }) => createAgent.agent.id,
};
const queries = {
  latchkey: ofSameSchema,
  mercurius: ofSameSchema,
  strapi: {
    one: "query ($id: ID!) { agent(documentId: $id) { documentId name model } }",
    list: "{ agents(pagination: { limit: 50 }) { documentId name description model version createdAt } }",
    create: "mutation ($input: AgentInput!) { createAgent(data: $input) { documentId name model } }",
    idOf: ({ createAgent }) => createAgent.documentId,
  },
  directus: {
    one: "query ($id: ID!) { agent_by_id(id: $id) { id name model } }",
    list: "{ agent(limit: 50) { id name description model version createdAt } }",
    create: "mutation ($input: create_agent_input!) { create_agent_item(data: $input) { id name model } }",
    idOf: ({ create_agent_item }) => create_agent_item.id,
  },
  payload: {
    one: "query ($id: String!) { Agent(id: $id) { id name model } }",
    list: "{ Agents(limit: 50, pagination: false) { docs { id name description model version createdAt } } }",
    create: "mutation ($input: mutationAgentInput!) { createAgent(data: $input) { id name model } }",
    idOf: ({ createAgent }) => createAgent.id,
  },
};

const [folder, ...chosen] = process.argv.slice(2);
const rivals = chosen.length > 0 ? chosen : Object.keys(queries).slice(1);
if (folder === undefined || rivals.some((name) => !(name in queries))) {
  console.error(
    `Usage: node rivals.mjs FOLDER [rival ...], with rivals of ${Object.keys(queries).slice(1).join(", ")}`,
  );
  process.exit(2);
}

/** Starts a rival that prints the URL of its API and the header with its key. It ends with this process. */
async function startRival(name) {
  const cwd = resolve(folder, name);
  const dataDir = mkdtempSync(join(tmpdir(), "latchkey-bench-"));
  const server = spawn(process.execPath, [join(cwd, "start.mjs")], {
    cwd,
    env: { PATH: process.env.PATH, HOME: dataDir, TMPDIR: tmpdir(), DATA_DIR: dataDir, NODE_ENV: "production" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  process.once("exit", () => {
    server.kill("SIGKILL");
    rmSync(dataDir, { recursive: true, force: true });
  });
  const [, url, header] = await new Promise((resolve, reject) => {
    let output = "";
    server.once("exit", () => reject(new Error(`${name} has ended: ${output}`)));
    server.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
      const found = /^(http:\/\/127\.0\.0\.1:\d+\/\S+)\n([\w-]+: \S.*)\n/m.exec(output);
      if (found) resolve(found);
    });
  });
  return { url: new URL(url), pid: server.pid, header };
}

async function prepare(name) {
  const server = name === "latchkey" ? await startUnlimited() : await startRival(name);
  const { one: queryOfOne, list: queryOfList, create: queryOfCreate, idOf } = queries[name];
  const [headerName, headerValue] = server.header.split(": ");
  const post = async (query, variables, headers) => {
    const response = await fetch(server.url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ query, variables }),
    });
    const text = await response.text();
    return { isRefused: !response.ok || text.includes('"errors"'), text };
  };
  const ask = async (query, variables) => {
    const { isRefused, text } = await post(query, variables, { [headerName]: headerValue });
    if (isRefused) throw new Error(`${name}: ${text}`);
    return JSON.parse(text).data;
  };
  let created = 0;
  const nextInput = () => ({ ...(server.appId && { appId: server.appId }), name: `agent ${(created += 1)}` });
  const ids = [];
  for (let i = 0; i < agents; i++) ids.push(idOf(await ask(queryOfCreate, { input: nextInput() })));
  const [page] = Object.values(await ask(queryOfList));
  const found = (page.nodes ?? page.docs ?? page).filter((agent) =>
    Object.values(agent).every((value) => value !== null),
  );
  if (found.length !== 50) throw new Error(`${name} lists ${found.length} whole agents`);
  const [agent] = Object.values(await ask(queryOfOne, { id: ids[1] }));
  if (agent.name !== "agent 2") throw new Error(`${name} reads ${JSON.stringify(agent)}`);
  if (!(await post(queryOfList)).isRefused) throw new Error(`${name} answers without a key`);

  let next = 0;
  const one = ids.map((id) => requestOf(server.url, server.header, { query: queryOfOne, variables: { id } }));
  const list = requestOf(server.url, server.header, { query: queryOfList });
  return {
    server,
    requests: {
      one: () => one[(next = (next + 1) % agents)],
      list: () => list,
      create: () => requestOf(server.url, server.header, { query: queryOfCreate, variables: { input: nextInput() } }),
    },
  };
}

/** Waits until a server has done what closed connections have asked it for, which would slow down the next one. */
async function settle({ pid }) {
  for (let [usedMs, nowMs] = [0, Infinity]; nowMs - usedMs > 10; nowMs = processorMsOf(pid)) {
    usedMs = processorMsOf(pid);
    await delay(100);
  }
}

const names = ["latchkey", ...rivals];
const programs = {};
for (const name of names) programs[name] = await prepare(name);
const results = Object.fromEntries(
  names.map((name) => [name, Object.fromEntries(operationNames.map((operation) => [operation, []]))]),
);
// Round 0 warms up.
for (let round = 0; round <= rounds; round++) {
  for (const operation of operationNames) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const { server, requests } = programs[name];
      const result = await measure(server, requests[operation], load);
      await settle(server);
      if (round > 0) results[name][operation].push(result);
    }
  }
}

const median = (numbers) => quantile(numbers, 0.5);
const spread = (numbers) =>
  `${median(numbers).toFixed(2)} (${Math.min(...numbers).toFixed(2)} to ${Math.max(...numbers).toFixed(2)})`;
for (const name of rivals) {
  for (const operation of operationNames) {
    const [latchkey, rival] = [results.latchkey[operation], results[name][operation]];
    const speed = latchkey.map(({ perSecond }, i) => perSecond / rival[i].perSecond);
    const processor = latchkey.map(({ processorMs }, i) => rival[i].processorMs / processorMs);
    const absolute = (member, digits) =>
      [latchkey, rival].map((all) => median(all.map((result) => result[member])).toFixed(digits));
    const [[perSecond, rivalPerSecond], [ms, rivalMs]] = [absolute("perSecond", 0), absolute("processorMs", 2)];
    console.log(
      `${name.padEnd(10)}${operation.padEnd(7)} requests/s ${spread(speed)}, processor ${spread(processor)};` +
        ` ${perSecond}/s against ${rivalPerSecond}/s, ${ms} ms against ${rivalMs} ms`,
    );
  }
}
process.exit(0);
