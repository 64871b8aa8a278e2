import { randomUUID } from "node:crypto";
import { allowHosts } from "../../support/allowed-hosts";
import { type ReplayedRequest, type Reply, sse, useReplayServer } from "../../support/replay-server";
import { useServer } from "../../support/server";

const replay = useReplayServer();
const server = useServer({ ...allowHosts("127.0.0.1") });

const execute = `mutation ($input: ExecuteAgentInput!) { executeAgent(input: $input) { run { status output error { code message } } } }`;
const chunk = (delta: object, reason: string | null = null) => ({
  choices: [{ index: 0, delta, finish_reason: reason }],
});
const json = (value: unknown): Reply => ({ type: "application/json", body: JSON.stringify(value) });
const events = (body: string): Reply => ({ type: "text/event-stream", body });

type Method = "initialize" | "tools/list" | "tools/call";
type Answer = (request: ReplayedRequest, result: object) => Reply;
const results: Readonly<Record<Method, object>> = {
  initialize: { protocolVersion: "2025-06-18", capabilities: {}, serverInfo: { name: "s", version: "1" } },
  "tools/list": { tools: [{ name: "weather", inputSchema: { type: "object" } }] },
  "tools/call": { content: [{ type: "text", text: "4 degrees" }] },
};
const send: Answer = ({ body }, result) => json({ jsonrpc: "2.0", id: body.id, result });

/** A model that calls the tool, and then answers with the result. */
function model({ body }: ReplayedRequest): Reply {
  const result = (body.messages as { role: string; content: unknown }[]).find(({ role }) => role === "tool");
  const call = { index: 0, id: "1", function: { name: "weather", arguments: "{}" } };
  const chunks = result
    ? [chunk({ content: `Told: ${String(result.content)}` }), chunk({}, "stop")]
    : [chunk({ tool_calls: [call] }), chunk({}, "tool_calls")];
  return events(sse(...chunks, "[DONE]"));
}

/** Executes an agent that calls the tool of a server. @param answer to a request; the usual one if it returns nothing */
async function call(answer: (method: Method, request: ReplayedRequest) => Reply | undefined) {
  const [models, tools] = [`/models-${randomUUID()}`, `/tools-${randomUUID()}`];
  const app = await server.current.newApp();
  await app.modelConnection(replay.current.on(models, model));
  const url = replay.current.on(tools, (request) => {
    if (request.body?.id === undefined) return { status: 202, body: "" };
    const method = request.body.method as Method;
    return answer(method, request) ?? send(request, results[method]);
  });
  const agentId = await app.agent({ model: "model/m", tools: [{ url, allow: ["weather"] }] });
  const { executeAgent } = await server.current.admin.data(execute, { input: { agentId, text: "weather?" } });
  const sent = replay.current.at(tools).flatMap(({ body }) => (body?.id === undefined ? [] : [body.method as Method]));
  return { ...executeAgent.run, sent };
}

test.each<[string, object]>([
  ["is a list", []],
  ["has properties as a list", { type: "object", properties: [] }],
  ["has a list of types", { type: ["object"], properties: {} }],
  ["may be null", { type: ["object", "null"] }],
  ["has its type in capitals", { type: "OBJECT", properties: {} }],
])("a tool whose schema %s is called", async (_, inputSchema) => {
  const { output } = await call((method, request) =>
    method === "tools/list" ? send(request, { tools: [{ name: "weather", inputSchema }] }) : undefined,
  );
  expect(output).toBe("Told: 4 degrees");
});

test.each<[string, Answer]>([
  ["JSON of a type in capitals", (request, result) => ({ ...send(request, result), type: "Application/JSON" })],
  ["JSON without a type", ({ body }, result) => ({ body: json({ jsonrpc: "2.0", id: body.id, result }).body })],
  [
    "JSON of the type text/plain",
    (request, result) => ({ ...send(request, result), type: "text/plain; charset=utf-8" }),
  ],
  [
    "events of a type in capitals",
    ({ body }, result) => ({ type: "Text/Event-Stream", body: sse({ jsonrpc: "2.0", id: body.id, result }) }),
  ],
  [
    "events of the name result",
    (request, result) => events(`event: ping\ndata: {}\n\nevent: result\ndata: ${send(request, result).body}\n\n`),
  ],
  [
    "events of the type text/plain",
    (request, result) => ({ type: "text/plain", body: `event: message\ndata: ${send(request, result).body}\n\n` }),
  ],
  [
    "events of the type application/json",
    (request, result) => ({ type: "application/json", body: `: a comment\n\ndata: ${send(request, result).body}\n\n` }),
  ],
  ["JSON of the type of events", (request, result) => events(send(request, result).body)],
  ["an event without a line break behind it", (request, result) => events(`data: ${send(request, result).body}`)],
  ["events without data", (request, result) => events(`data:\n\ndata: \n\ndata: ${send(request, result).body}\n\n`)],
])("a server that answers with %s is used", async (_, answer) => {
  const { output, error } = await call((method, request) => answer(request, results[method]));
  expect({ output, error }).toEqual({ output: "Told: 4 degrees", error: null });
});

test.each<[string, unknown, string]>([
  ["a list of parts", [{ type: "text", text: "4 degrees" }], "4 degrees"],
  ["a list of values", [4, 5], "[4,5]"],
  ["a text", "4 degrees", "4 degrees"],
  ["a number", 4, "4"],
  ["the form of 2024", { toolResult: "4 degrees" }, "4 degrees"],
  ["the form of 2024 with an object", { toolResult: { degrees: 4 } }, '{"degrees":4}'],
  ["an object of its own", { degrees: 4, _meta: {} }, '{"degrees":4}'],
  ["one part", { content: { type: "text", text: "4 degrees" } }, "4 degrees"],
  ["a link without a uri", { content: [{ type: "resource_link", name: "x" }] }, "x"],
  ["a link to nothing", { content: [{ type: "resource_link" }] }, "[resource_link]"],
  ["a resource without a uri", { content: [{ type: "resource", resource: {} }] }, "[resource]"],
])("a model is told of a result that is %s", async (_, result, told) => {
  const { output } = await call((method, { body }) =>
    method === "tools/call" ? json({ jsonrpc: "2.0", id: body.id, result }) : undefined,
  );
  expect(output).toBe(`Told: ${told}`);
});

test.each<[string, Reply]>([
  ["202 without a body", { status: 202, body: "" }],
  ["204", { status: 204, body: "" }],
  ["an empty text", { type: "text/plain", body: "" }],
  ["an event that is cut off", events('data: {"jsonrpc": "2.0", "id"')],
])("a call that is answered with %s fails at once, and the model is told", async (_, reply) => {
  const { status, output } = await call((method) => (method === "tools/call" ? reply : undefined));
  expect(status).toBe("SUCCEEDED");
  expect(output).toMatch(/^Told: .*The server's response (?:is empty|has no result)\./);
});

const lost = (code: number, message: string, status = 200): Reply => ({
  ...json({ jsonrpc: "2.0", id: 1, error: { code, message } }),
  status,
});
test.each<[string, Reply]>([
  ["200 and the code of an unknown session", lost(-32_001, "Session not found")],
  ["410", { status: 410, body: "" }],
  ["404", { status: 404, body: "" }],
  ["400 and that it is not initialized", lost(-32_000, "Bad Request: Server not initialized", 400)],
])("a session that is lost with %s is opened anew, for a call and for the list of tools", async (_, reply) => {
  for (const method of ["tools/call", "tools/list"] as const) {
    let isLost = false;
    const { output, error, sent } = await call((asked, { body }) => {
      if (isLost || asked !== method) return undefined;
      isLost = true;
      return reply.body.includes("jsonrpc")
        ? { ...reply, body: reply.body.replace('"id":1', `"id":${body.id}`) }
        : reply;
    });
    expect({ output, error }).toEqual({ output: "Told: 4 degrees", error: null });
    expect(sent.filter((each: Method) => each === method)).toHaveLength(2);
    expect(sent.filter((each: Method) => each === "initialize")).toHaveLength(2);
  }
});

test("a call that has timed out at the server is not made again, although its code is that of an unknown session", async () => {
  const { output, sent } = await call((method, { body }) =>
    method === "tools/call"
      ? json({ jsonrpc: "2.0", id: body.id, error: { code: -32_001, message: "Request timed out" } })
      : undefined,
  );
  expect(output).toContain("Request timed out");
  expect(sent).toEqual(["initialize", "tools/list", "tools/call"]);
});

test("a session that is lost again and again fails the run", async () => {
  const { error, sent } = await call((method) => (method === "tools/list" ? { status: 404, body: "" } : undefined));
  expect(error).toMatchObject({ code: "TOOLS_UNAVAILABLE", message: expect.stringContaining("status 404") });
  expect(sent).toEqual(["initialize", "tools/list", "initialize", "tools/list"]);
});

test("a server without a version speaks that of the client, and an unknown version is told", async () => {
  const withVersion = (protocolVersion: unknown) =>
    call((method, request) => (method === "initialize" ? send(request, { protocolVersion }) : undefined));
  expect((await withVersion(null)).output).toBe("Told: 4 degrees");
  expect((await withVersion(undefined)).output).toBe("Told: 4 degrees");
  const { error } = await withVersion("2099-01-01");
  expect(error.message).toMatch(/speaks the version `2099-01-01` of MCP, which is not supported\.$/);
});
