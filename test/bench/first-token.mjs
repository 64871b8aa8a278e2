/**
 * Measures the time from a model's first token to a subscriber's first event on an idle server: over server-sent events,
 * over WebSocket, and directly from the model server as the baseline. Rounds alternate between them, so that the load of
 * the machine affects all alike.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient as createSseClient } from "graphql-sse";
import { createClient as createWsClient } from "graphql-ws";
import WebSocket from "ws";

const rounds = Number(process.argv[2] ?? 60);
const adminKey = "the-administrators-key-of-a-bench";
const authorization = `Bearer ${adminKey}`;

/** Sends the first token, and returns when it did. */
let sendToken = () => undefined;
const models = createServer((request, response) => {
  request.resume().on("end", () => {
    response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    const chunk = (choice) =>
      response.write(`data: ${JSON.stringify({ id: "1", choices: [{ index: 0, ...choice }] })}\n\n`);
    sendToken = () => {
      const sentAt = performance.now();
      chunk({ delta: { role: "assistant", content: "Well" } });
      setTimeout(() => {
        chunk({ delta: {}, finish_reason: "stop" });
        response.end("data: [DONE]\n\n");
      }, 100);
      return sentAt;
    };
    models.emit("called");
  });
});
models.listen(0, "127.0.0.1");
await once(models, "listening");
const modelsUrl = `http://127.0.0.1:${models.address().port}/v1`;

const folder = await mkdtemp(join(tmpdir(), "latchkey-bench-"));
const server = spawn(process.execPath, ["dist/src/latchkey.js", "start"], {
  env: {
    PORT: "0",
    DATA_DIR: folder,
    ADMIN_KEY: adminKey,
    MODEL_ALLOWED_HOSTS: "127.0.0.1",
    LOG_LEVEL: "warn",
    ...(process.env.DATABASE_URL && { DATABASE_URL: process.env.DATABASE_URL }),
  },
  stdio: ["ignore", "pipe", "inherit"],
});
let stdout = "";
let url;
for await (const text of server.stdout.setEncoding("utf8")) {
  url = /http:\/\/[^\s'"]+\/graphql/.exec((stdout += text))?.[0];
  if (url) break;
}

async function mutate(query, input) {
  const response = await fetch(url, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify({ query, variables: { input } }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(JSON.stringify(errors));
  return Object.values(data)[0];
}

const { app } = await mutate(`mutation ($input: CreateAppInput!) { createApp(input: $input) { app { id } } }`, {
  name: `bench ${Date.now()}`,
});
await mutate(
  `mutation ($input: CreateModelConnectionInput!) { createModelConnection(input: $input) { modelConnection { id } } }`,
  {
    appId: app.id,
    name: "model",
    provider: "OPENAI_COMPATIBLE",
    baseUrl: modelsUrl,
  },
);
const { agent } = await mutate(`mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agent { id } } }`, {
  appId: app.id,
  name: "agent",
  model: "model/m",
});

const sse = createSseClient({ url: `${url}/stream`, headers: { authorization }, retryAttempts: 0 });
const socket = createWsClient({
  url: url.replace("http", "ws"),
  webSocketImpl: WebSocket,
  connectionParams: { authorization },
});
const query = `subscription ($runId: ID!) { runEvents(runId: $runId) { __typename ... on RunOutput { text } } }`;

/** Measures one run over a subscription client, in milliseconds. */
const measure = (client) => async () => {
  const called = once(models, "called");
  const { run } = await mutate(`mutation ($input: ExecuteAgentInput!) { executeAgent(input: $input) { run { id } } }`, {
    agentId: agent.id,
    text: "Hello",
    waitMs: 0,
  });
  let sentAt;
  let receivedAt;
  for await (const { data } of client.iterate({ query, variables: { runId: run.id } })) {
    if (data.runEvents.__typename === "RunStarted") {
      await called;
      sentAt = sendToken();
    }
    if (data.runEvents.__typename === "RunOutput") receivedAt ??= performance.now();
  }
  return receivedAt - sentAt;
};

async function measureDirect() {
  const called = once(models, "called");
  const response = await fetch(`${modelsUrl}/chat/completions`, { method: "POST", body: "{}" });
  await called;
  const sentAt = sendToken();
  let receivedAt;
  for await (const bytes of response.body) if (bytes.length > 0) receivedAt ??= performance.now();
  return receivedAt - sentAt;
}

const measurements = { direct: measureDirect, "server-sent events": measure(sse), WebSocket: measure(socket) };
const times = Object.fromEntries(Object.keys(measurements).map((name) => [name, []]));
for (let round = -5; round < rounds; round++) {
  const names = Object.keys(measurements);
  for (const name of round % 2 === 0 ? names : names.reverse()) {
    const time = await measurements[name]();
    // Negative rounds warm up.
    if (round >= 0) times[name].push(time);
  }
}

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
const baseline = quantile(
  times.direct.toSorted((one, other) => one - other),
  0.5,
);
console.log(`From a model's first token to a subscriber's first event, ${rounds} runs each, in milliseconds:`);
for (const [name, all] of Object.entries(times)) {
  const sorted = all.toSorted((one, other) => one - other);
  const figures = [quantile(sorted, 0.5), quantile(sorted, 0.95), sorted.at(-1)].map((time) => time.toFixed(1));
  const ratio = (quantile(sorted, 0.5) / baseline).toFixed(1);
  console.log(
    `${name.padEnd(20)} p50 ${figures[0]}  p95 ${figures[1]}  max ${figures[2]}  (median ${ratio} times the direct one)`,
  );
}

await socket.dispose();
server.kill();
await once(server, "close");
models.closeAllConnections();
models.close();
await rm(folder, { recursive: true, force: true });
