import { randomBytes, randomUUID } from "node:crypto";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { allowHosts } from "../../support/allowed-hosts";
import type { Client } from "../../support/client";
import { useModelServer } from "../../support/model-server";
import { type TestProcess, useProcesses } from "../../support/process";
import { executeAgent } from "../../support/runs";
import { overSse, overWebSocket } from "../../support/stream-clients";
import { Connection } from "../../support/streams";
import { useToolServer } from "../../support/tool-server";
import { type Span, SpanKind, useTraceCollector } from "../../support/trace-collector";

const collector = useTraceCollector();
const models = useModelServer();
const tools = useToolServer();
const processes = useProcesses(undefined, "file");

const tracing = (more: object = {}) => ({
  NODE_OPTIONS: `--import ${pathToFileURL(resolve("examples/tracing.mjs")).href}`,
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.current.url,
  ...allowHosts("127.0.0.1"),
  ...more,
});

let server: TestProcess;
beforeAll(async () => {
  server = await processes.serve({ ...(await processes.fresh()), ...tracing({ OTEL_BSP_SCHEDULE_DELAY: "50" }) });
});

const trace = () => ({ traceId: randomBytes(16).toString("hex"), parentSpanId: randomBytes(8).toString("hex") });

const traceparent = (traceId: string, parentSpanId: string, flags = "01") => `00-${traceId}-${parentSpanId}-${flags}`;

/** Sends an operation within a trace of the client, whose parts the flags say are recorded. */
async function send(client: Client, query: string, variables: object = {}, flags = "01") {
  const { traceId, parentSpanId } = trace();
  const requestId = randomUUID();
  const { body, status } = await client
    .post()
    .set("x-request-id", requestId)
    .set("traceparent", traceparent(traceId, parentSpanId, flags))
    .send({ query, variables });
  return { traceId, parentSpanId, requestId, status, data: body.data };
}

const ofRequest =
  (id: string) =>
  ({ attributes }: Span): boolean =>
    attributes["latchkey.request.id"] === id;

const named =
  (name: string) =>
  ({ attributes }: Span): boolean =>
    attributes["graphql.operation.name"] === name;

test("an operation has a span in the trace of its client, with its kind, name, caller, verdict and statements", async () => {
  const app = await server.newApp();
  const key = await app.key();
  const { requestId, status, traceId, parentSpanId } = await send(key, "query Agents { agents { nodes { id } } }");
  expect(status).toBe(200);
  const span = await collector.current.span(ofRequest(requestId));
  expect(span).toMatchObject({ name: "query", kind: SpanKind.SERVER, traceId, parentSpanId, status: { code: 0 } });
  expect(span.attributes).toEqual({
    "graphql.operation.type": "query",
    "graphql.operation.name": "Agents",
    "latchkey.request.id": requestId,
    "latchkey.transport": "http",
    "latchkey.caller.kind": "API_KEY",
    "latchkey.caller.id": key.keyId,
    "latchkey.app.id": app.id,
    "latchkey.verdict": "ALLOWED",
    "latchkey.statements": expect.any(Number),
  });
});

test("the span of a refused operation says why, and is no error", async () => {
  const key = await (await server.newApp()).key({ agents: "VIEW" });
  const { requestId, status } = await send(key, `mutation { deleteAgent(input: { id: "none" }) { id } }`);
  expect(status).toBe(403);
  const span = await collector.current.span(ofRequest(requestId));
  expect(span).toMatchObject({ name: "mutation", status: { code: 0 } });
  expect(span.attributes).toMatchObject({ "latchkey.verdict": "FORBIDDEN", "latchkey.error.code": "FORBIDDEN" });
});

test("a request without a valid credential, and one whose client does not record its trace, have no span", async () => {
  const anonymous = server.as(undefined);
  const { admin } = server;
  const without = [
    await send(anonymous, "{ viewer { kind } }"),
    await send(server.as(["x-api-key", "latchkey_wrong"]), "{ viewer { kind } }"),
    await send(admin, "{ viewer { kind } }", {}, "00"),
  ];
  const { requestId } = await send(admin, "{ viewer { kind } }");
  await collector.current.span(ofRequest(requestId));
  const traces = without.map(({ traceId }) => traceId);
  expect(collector.current.spans.filter(({ traceId }) => traces.includes(traceId))).toEqual([]);
});

test("operations over a WebSocket and server-sent events have spans, subscriptions too", async () => {
  const app = await server.newApp();
  const key = await app.key();
  const { id } = await app.run({ agentId: await app.agent() });
  const subscribe = (name: string) => `subscription ${name} { runEvents(runId: "${id}") { index } }`;
  await overWebSocket(key, "query OverWebSocket { viewer { kind } }");
  await overWebSocket(key, subscribe("EventsOverWebSocket"));
  await overSse(key, subscribe("EventsOverSse"));
  for (const [operation, name, transport] of [
    ["query", "OverWebSocket", "websocket"],
    ["subscription", "EventsOverWebSocket", "websocket"],
    ["subscription", "EventsOverSse", "sse"],
  ] as const) {
    const span = await collector.current.span(named(name));
    expect(span).toMatchObject({ name: operation, kind: SpanKind.SERVER });
    expect(span.attributes).toMatchObject({
      "latchkey.transport": transport,
      "latchkey.caller.id": key.keyId,
      "latchkey.verdict": "ALLOWED",
    });
  }
});

test("the operations of a WebSocket are in the trace that its upgrade names", async () => {
  const { admin } = server;
  const { traceId, parentSpanId } = trace();
  const headers = { traceparent: traceparent(traceId, parentSpanId), authorization: `Bearer ${server.adminKey}` };
  const connection = new Connection(admin.url, undefined, headers);
  await connection.read("query WithinUpgrade { viewer { kind } }").all();
  connection.close();
  expect(await collector.current.span(named("WithinUpgrade"))).toMatchObject({ traceId, parentSpanId });
});

test("a run has a span below the operation that begins it, and its calls of models and tools have spans below that", async () => {
  const app = await server.newApp();
  await app.modelConnection(models.current.baseUrl);
  const key = await app.key();
  const agentId = await app.agent({ model: "model/tools", tools: [{ url: tools.current.url(), allow: ["weather"] }] });
  const text = `${randomUUID()} ${JSON.stringify([["weather", { city: "Lima" }]])}`;
  const { requestId, traceId, data } = await send(key, executeAgent, { input: { agentId, text } });
  const { run, session } = data.executeAgent;
  expect(run.status).toBe("SUCCEEDED");

  const operation = await collector.current.span(ofRequest(requestId));
  const ofRun = await collector.current.span(({ attributes }) => attributes["latchkey.run.id"] === run.id);
  expect(ofRun).toMatchObject({ name: "invoke_agent", kind: SpanKind.INTERNAL, traceId });
  expect(ofRun.parentSpanId).toBe(operation.spanId);
  expect(ofRun.attributes).toEqual({
    "gen_ai.operation.name": "invoke_agent",
    "gen_ai.agent.id": agentId,
    "gen_ai.conversation.id": session.id,
    "gen_ai.request.model": "model/tools",
    "gen_ai.usage.input_tokens": expect.any(Number),
    "gen_ai.usage.output_tokens": expect.any(Number),
    "latchkey.run.id": run.id,
    "latchkey.app.id": app.id,
    "latchkey.caller.id": key.keyId,
    "latchkey.run.status": "SUCCEEDED",
  });
  const calls = collector.current.spans.filter(({ parentSpanId }) => parentSpanId === ofRun.spanId);
  const chat = {
    name: "chat tools",
    kind: SpanKind.CLIENT,
    traceId,
    attributes: { "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "tools" },
  };
  expect(calls).toMatchObject([
    chat,
    {
      name: "tools/call weather",
      kind: SpanKind.CLIENT,
      traceId,
      attributes: { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "weather" },
    },
    chat,
  ]);
});

test("the spans of a run that fails, and of the call that it fails for, are errors with a code", async () => {
  const app = await server.newApp();
  await app.modelConnection(models.current.baseUrl);
  const agentId = await app.agent({ model: "model/400" });
  const { data } = await send(server.admin, executeAgent, { input: { agentId, text: "Hello" } });
  const { run } = data.executeAgent;
  expect(run.status).toBe("FAILED");
  const failed = { status: { code: 2 } };
  const ofRun = await collector.current.span(({ attributes }) => attributes["latchkey.run.id"] === run.id);
  expect(ofRun).toMatchObject({ ...failed, attributes: { "error.type": run.error.code } });
  const [call] = collector.current.spans.filter(({ parentSpanId }) => parentSpanId === ofRun.spanId);
  expect(call).toMatchObject({ ...failed, attributes: { "error.type": "AI_APICallError" } });
});

test("a queued run has a trace of its own", async () => {
  const app = await server.newApp();
  await app.modelConnection(models.current.baseUrl);
  const agentId = await app.agent({ model: "model/drip" });
  const sessionId = await app.session();
  const input = { agentId, text: "Hello", session: { id: sessionId } };
  const begun = await send(server.admin, executeAgent, { input: { ...input, waitMs: 0 } });
  const queued = await send(server.admin, executeAgent, { input });
  const spanOf = ({ data }: typeof queued) =>
    collector.current.span(({ attributes }) => attributes["latchkey.run.id"] === data.executeAgent.run.id);
  expect((await spanOf(begun)).traceId).toBe(begun.traceId);
  const { traceId, parentSpanId } = await spanOf(queued);
  expect([begun.traceId, queued.traceId]).not.toContain(traceId);
  expect(parentSpanId ?? "").toBe("");
});

test("no span has a secret, a variable, a text of a conversation, or a document", async () => {
  const app = await server.newApp();
  await app.modelConnection(models.current.baseUrl, { apiKey: "sk-swordfish" });
  const key = await app.key();
  const weather = [{ url: tools.current.url(), allow: ["weather"] }];
  const agentId = await app.agent({ model: "model/tools", tools: weather, instructions: "Speak of swordfish." });
  const text = `swordfish ${JSON.stringify([["weather", { city: "swordfish" }]])}`;
  await send(key, executeAgent, { input: { agentId, text, metadata: { swordfish: "swordfish" } } });
  const failing = await app.agent({ model: "model/400" });
  await send(key, executeAgent, { input: { agentId: failing, text: "swordfish" } });
  await send(key, `query ($swordfish: ID!) { agent(id: $swordfish) { id } }`, { swordfish: "swordfish" });
  await send(key, `{ swordfish }`);
  await send(key, `query ${key.secret} { viewer { kind } }`);
  const { requestId } = await send(key, "{ viewer { kind } }");
  await collector.current.span(ofRequest(requestId));
  const { received, spans } = collector.current;
  for (const secret of ["swordfish", "Lima", "It rains", "latchkey_", server.adminKey]) {
    expect(received).not.toContain(secret);
  }
  expect(spans.flatMap(({ events }) => events)).toEqual([]);
  expect(spans.filter(({ status }) => status.message !== undefined)).toEqual([]);
});

test("a server that stops sends the spans that are not sent yet", async () => {
  const stopping = await processes.serve({ ...(await processes.fresh()), ...tracing() });
  const { requestId } = await send(stopping.admin, "{ viewer { kind } }");
  expect(await stopping.end()).toBe(0);
  await collector.current.span(ofRequest(requestId));
});
