import { randomUUID } from "node:crypto";
import { allowHosts } from "../../support/allowed-hosts";
import { caseJson, type ReplayedRequest, type Reply, replyOf, sse, useReplayServer } from "../../support/replay-server";
import { useServer } from "../../support/server";
import { transports } from "../../support/streams";

const replay = useReplayServer();
const server = useServer({ ...allowHosts("127.0.0.1") });

const run = `id status output error { code message }`;
const execute = `mutation ($input: ExecuteAgentInput!) { executeAgent(input: $input) { run { ${run} } } }`;
const events = `subscription ($runId: ID!) {
  runEvents(runId: $runId) {
    __typename
    ... on RunToolCall { name }
    ... on RunToolResult { name result isError }
  }
}`;

const json = (value: unknown): Reply => ({ type: "application/json", body: JSON.stringify(value) });
const weather = caseJson("mcp-list-null-fields.json").tools[0] as object;
const text = (content: string) => ({ content: [{ type: "text", text: content }] });
const chunk = (delta: object, reason: string | null = null) => ({
  choices: [{ index: 0, delta, finish_reason: reason }],
});

/** The answers of an MCP server, by the method of the request. */
interface McpReplies {
  readonly initialize?: object;
  readonly list?: object;
  readonly call?: object;
  /** Takes a message of JSON-RPC; as JSON if left out. */
  readonly send?: (message: object) => Reply;
}

const mcp =
  ({ initialize, list = { tools: [weather] }, call = text("Oslo: 4 degrees"), send = json }: McpReplies) =>
  ({ body }: ReplayedRequest): Reply => {
    const { id, method } = (body ?? {}) as { id?: number; method?: string };
    if (id === undefined) return { status: 202, body: "" };
    const info = {
      protocolVersion: "2025-06-18",
      capabilities: {},
      serverInfo: { name: "s", version: "1" },
      ...initialize,
    };
    const result = method === "initialize" ? info : method === "tools/list" ? list : call;
    return send({ jsonrpc: "2.0", id, result });
  };

/** A model that calls the first tool that it is offered, and then answers with the result. */
function model({ body }: ReplayedRequest): Reply {
  const result = (body.messages as { role: string; content: unknown }[]).find(({ role }) => role === "tool");
  const name = body.tools[0].function.name as string;
  const call = { index: 0, id: "1", function: { name, arguments: { city: "Oslo" } } };
  const chunks = result
    ? [chunk({ content: `Results: ${String(result.content)}` }), chunk({}, "stop")]
    : [chunk({ tool_calls: [call] }), chunk({}, "tool_calls")];
  return { type: "text/event-stream", body: sse(...chunks, "[DONE]") };
}

interface CallOptions {
  readonly allow?: readonly string[];
  readonly reply?: (request: ReplayedRequest) => Reply;
}

/** Executes an agent whose model calls the first of the allowed tools. */
async function call(replies: McpReplies | ((request: ReplayedRequest) => Reply), options: CallOptions = {}) {
  const { allow = ["weather"], reply = model } = options;
  const [models, tools] = [`/models-${randomUUID()}`, `/tools-${randomUUID()}`];
  const app = await server.current.newApp();
  await app.modelConnection(replay.current.on(models, reply));
  const url = replay.current.on(tools, typeof replies === "function" ? replies : mcp(replies));
  const agentId = await app.agent({ model: "model/m", tools: [{ url, allow }] });
  const { executeAgent } = await server.current.admin.data(execute, { input: { agentId, text: "weather?" } });
  const { id, ...rest } = executeAgent.run;
  const stream = await transports["server-sent events"](server.current.admin, events, { runId: id }).all();
  const all = stream.map(({ data }) => data.runEvents as Record<string, any>);
  const of = (type: string) => all.filter(({ __typename }) => __typename === type);
  return {
    ...rest,
    calls: of("RunToolCall"),
    results: of("RunToolResult"),
    result: of("RunToolResult")[0]?.["result"],
    asked: replay.current.at(models),
    sent: replay.current.at(tools),
  };
}

test.each<[string, McpReplies]>([
  ["mcp-list-next-null.json", { list: caseJson("mcp-list-next-null.json") }],
  ["mcp-list-null-fields.json", { list: caseJson("mcp-list-null-fields.json") }],
  ["a description that is null", { list: { tools: [{ ...weather, description: null }] } }],
  [
    "properties and required that are null",
    { list: { tools: [{ ...weather, inputSchema: { type: "object", properties: null, required: null } }] } },
  ],
  ["no schema", { list: { tools: [{ name: "weather" }] } }],
  ["a schema without type", { list: { tools: [{ name: "weather", inputSchema: {} }] } }],
  [
    "faulty tools that are not allowed",
    {
      list: {
        tools: [
          null,
          5,
          { name: null },
          { name: "bad", inputSchema: "none" },
          { name: "worse", inputSchema: { type: "array" } },
          weather,
        ],
      },
    },
  ],
  [
    "fields of initialize that are null",
    {
      initialize: {
        capabilities: { tools: null, prompts: null },
        instructions: null,
        _meta: null,
        serverInfo: { name: "s", version: null },
      },
    },
  ],
  ["an error that is null beside the result", { send: (message) => json({ ...message, error: null }) }],
  ["ids that are texts", { send: (message) => json({ ...message, id: String((message as { id: number }).id) }) }],
  ["server-sent events", { send: (message) => ({ type: "text/event-stream", body: sse(message) }) }],
  ["mcp-call-null-fields.json", { call: caseJson("mcp-call-null-fields.json") }],
  [
    "mcp-call-null-fields.json as an event",
    {
      call: caseJson("mcp-call-null-fields.json"),
      send: (message) => ({ type: "text/event-stream", body: sse(message) }),
    },
  ],
])("a tool of a server with %s is called, and its result comes", async (_, replies) => {
  const { status, output, error, results } = await call(replies);
  expect({ status, output, error }).toEqual({ status: "SUCCEEDED", output: "Results: Oslo: 4 degrees", error: null });
  expect(results).toMatchObject([{ name: "weather", result: "Oslo: 4 degrees", isError: false }]);
});

const image = { type: "image", data: "iVBORw0KGgo=", mimeType: "image/png" };
test.each<[string, object, string]>([
  ["mcp-call-resource.json", caseJson("mcp-call-resource.json"), "successfully downloaded text file\nInner text"],
  ["mcp-call-audio.json", caseJson("mcp-call-audio.json"), "[audio]\nsaid hello"],
  ["an image", { content: [image] }, "[image]"],
  [
    "a resource without text",
    { content: [{ type: "resource", resource: { uri: "repo://a/b.bin", blob: "AAAA" } }] },
    "[resource repo://a/b.bin]",
  ],
  [
    "a link",
    { content: [{ type: "resource_link", uri: "https://example.com/a", name: "A", description: null }] },
    "A: https://example.com/a",
  ],
  [
    "a link without a name",
    { content: [{ type: "resource_link", uri: "https://example.com/a" }] },
    "https://example.com/a",
  ],
  ["structured content alone", { structuredContent: { degrees: 4 } }, '{"degrees":4}'],
  ["structured content and no text", { content: [], structuredContent: { degrees: 4 } }, '{"degrees":4}'],
  [
    "structured content that the text has",
    { ...text('{"degrees": 4}'), structuredContent: { degrees: 4 } },
    '{"degrees": 4}',
  ],
  [
    "structured content that the text lacks",
    { ...text("Found."), structuredContent: { degrees: 4 } },
    'Found.\n{"degrees":4}',
  ],
  [
    "content of an unknown kind",
    {
      content: [
        { type: "video", data: "AAAA" },
        { type: "text", text: "seen" },
      ],
    },
    "[video]\nseen",
  ],
  ["content as a text", { content: "Oslo" }, "Oslo"],
])("a model is told of a result with %s what can be told", async (_, result, told) => {
  expect((await call({ call: result })).results).toMatchObject([{ result: told, isError: false }]);
});

test("of a result of 200,000 characters a model is told the first 50,000, and that it was cut", async () => {
  for (const send of [json, (message: object): Reply => ({ type: "text/event-stream", body: sse(message) })]) {
    const { result, results } = await call({ call: text("日".repeat(200_000)), send });
    expect(result).toBe(
      `${"日".repeat(50_000)}\n[The result was cut: these are the first 50,000 of its 200,000 characters.]`,
    );
    expect(results).toMatchObject([{ isError: false }]);
  }
});

test("images are given to a provider whose protocol takes them as results", async () => {
  const [models, tools] = [`/models-${randomUUID()}`, `/tools-${randomUUID()}`];
  const app = await server.current.newApp();
  const anthropic = ({ body }: ReplayedRequest): Reply => {
    const isFirst = body.messages.length === 1;
    const block = isFirst ? { type: "tool_use", id: "t1", name: "weather", input: {} } : { type: "text", text: "" };
    const delta = isFirst
      ? { type: "input_json_delta", partial_json: "{}" }
      : { type: "text_delta", text: "A picture." };
    return {
      type: "text/event-stream",
      body: sse(
        {
          type: "message_start",
          message: {
            id: "1",
            model: "m",
            role: "assistant",
            content: [],
            usage: { input_tokens: 1, output_tokens: 1 },
          },
        },
        { type: "content_block_start", index: 0, content_block: block },
        { type: "content_block_delta", index: 0, delta },
        { type: "content_block_stop", index: 0 },
        {
          type: "message_delta",
          delta: { stop_reason: isFirst ? "tool_use" : "end_turn" },
          usage: { output_tokens: 5 },
        },
        { type: "message_stop" },
      ),
    };
  };
  await app.modelConnection(replay.current.on(models, anthropic), { provider: "ANTHROPIC", apiKey: "sk-secret" });
  const url = replay.current.on(tools, mcp({ call: { content: [image] } }));
  const agentId = await app.agent({ model: "model/m", tools: [{ url, allow: ["weather"] }] });
  const { executeAgent } = await server.current.admin.data(execute, { input: { agentId, text: "weather?" } });
  expect(executeAgent.run).toMatchObject({ status: "SUCCEEDED", output: "A picture." });
  expect(JSON.stringify(replay.current.at(models)[1]?.body.messages)).toContain(
    '"source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}',
  );
});

test("tools whose names providers do not take are offered under others, and events have their own names", async () => {
  const names = ["catalog.get-entity", "catalog/get-entity", "catalog_get-entity", "日本", "__proto__"];
  const list = { tools: names.map((name) => ({ ...weather, name })) };
  const { asked, sent, calls, results, status } = await call({ list }, { allow: names });
  expect(status).toBe("SUCCEEDED");
  expect(asked[0].body.tools.map((tool: any) => tool.function.name)).toEqual([
    "catalog_get-entity",
    "catalog_get-entity_2",
    "catalog_get-entity_3",
    "__",
    "__proto___2",
  ]);
  expect([calls, results]).toMatchObject([[{ name: "catalog_get-entity" }], [{ name: "catalog_get-entity" }]]);
  const alone = await call({ list }, { allow: ["catalog.get-entity"] });
  expect(alone.calls).toMatchObject([{ name: "catalog.get-entity" }]);
  const made = (requests: ReplayedRequest[]) => requests.filter(({ body }) => body?.method === "tools/call");
  expect([sent, alone.sent].map((each) => made(each)[0]?.body.params.name)).toEqual([
    "catalog_get-entity",
    "catalog.get-entity",
  ]);
});

test("a session that the server has lost is opened anew, and the call is made once", async () => {
  for (const lost of [
    { status: 404, body: "" },
    { status: 400, body: '{"error": {"message": "No valid session ID"}}' },
  ]) {
    let sessions = 0;
    const handle = mcp({});
    const { status, sent, results } = await call((request) => {
      if (request.body?.method === "initialize") {
        return { ...handle(request), headers: { "mcp-session-id": `s${++sessions}` } };
      }
      const isCall = request.body?.method === "tools/call";
      return isCall && request.headers["mcp-session-id"] === "s1" ? lost : handle(request);
    });
    expect(status).toBe("SUCCEEDED");
    expect(results).toMatchObject([{ result: "Oslo: 4 degrees", isError: false }]);
    const sessionsOfCalls = sent
      .filter(({ body }: any) => body?.method === "tools/call")
      .map(({ headers }: any) => headers["mcp-session-id"]);
    expect(sessionsOfCalls).toEqual(["s1", "s2"]);
  }
});

test.each([301, 302, 307, 308])(
  "a redirect (%d) within the server's origin is followed, headers and body included",
  async (status) => {
    const handle = mcp({});
    const { output, sent } = await call((request) => {
      if (request.path.endsWith("/")) return handle(request);
      return { status, headers: { location: `${request.path}/` }, body: "" };
    });
    expect(output).toBe("Results: Oslo: 4 degrees");
    expect(sent.some(({ path, body }: any) => path.endsWith("/") && body?.method === "tools/call")).toBe(true);
  },
);

test("a redirect to another origin is told, and not followed; one without an end fails the run", async () => {
  const other = await call(() => ({ status: 307, headers: { location: "https://elsewhere.example/mcp" }, body: "" }));
  expect(other).toMatchObject({ status: "FAILED", error: { code: "TOOLS_UNAVAILABLE" } });
  expect(other.error.message).toContain("redirects to https://elsewhere.example.");
  const endless = await call(({ path }) => ({ status: 307, headers: { location: path }, body: "" }));
  expect(endless.error).toMatchObject({ message: expect.stringContaining("status 307") });
});

test("an allowed tool whose definition is not valid is named, and so is a server that is no MCP server", async () => {
  const faulty = await call({ list: { tools: [{ name: "weather", inputSchema: "none" }] } });
  expect(faulty.error.message).toContain("The definition of the tool weather");
  const page = await call(() => replyOf("login-page.html"));
  expect(page.error.message).toContain("does not speak MCP");
});

test.each<[string, (message: object) => Reply]>([
  ["no JSON", () => ({ type: "text/event-stream", body: "data: {not json\n\n" })],
  ["a stream without a result", () => ({ type: "text/event-stream", body: ": nothing\n\n" })],
  [
    "an error of a faulty form",
    (message) => json({ ...message, result: undefined, error: { code: "x", message: "Out of order." } }),
  ],
])("a call that is answered with %s is an error result at once", async (_, send) => {
  const handle = mcp({});
  const { status, results } = await call((request) =>
    request.body?.method === "tools/call" ? send({ jsonrpc: "2.0", id: request.body.id }) : handle(request),
  );
  expect(status).toBe("SUCCEEDED");
  expect(results).toMatchObject([{ isError: true }]);
  expect(results[0].result).not.toMatch(/did not respond/);
});

test("a call of a message that the provider did not complete is neither made nor an event", async () => {
  for (const reply of [
    replyOf("tool-call-unfinished.sse"),
    { type: "text/event-stream", body: replyOf("tool-call-unfinished.sse").body.replace("data: [DONE]", "") },
    {
      type: "text/event-stream",
      body: sse(
        chunk({ tool_calls: [{ index: 0, id: "1", function: { name: "weather", arguments: "{}" } }] }),
        chunk({}, "length"),
        "[DONE]",
      ),
    },
    {
      type: "text/event-stream",
      body: sse(chunk({ tool_calls: [{ index: 0, id: "1", function: { name: "weather", arguments: "{}" } }] }), {
        error: "overloaded",
      }),
    },
  ]) {
    const { status, calls, results, sent } = await call({}, { reply: () => reply });
    expect({ status, calls, results }).toEqual({ status: "FAILED", calls: [], results: [] });
    expect(sent.filter(({ body }: any) => body?.method === "tools/call")).toEqual([]);
  }
});

test.each<[string, object]>([
  ["as an object", { tool_calls: [{ index: 0, id: "1", function: { name: "weather", arguments: { city: "Oslo" } } }] }],
  ["without index and type", { tool_calls: [{ id: 7, function: { name: "weather", arguments: '{"city":"Oslo"}' } }] }],
  ["beside the name", { tool_calls: [{ name: "weather", arguments: { city: "Oslo" } }] }],
  ["of the older form", { function_call: { name: "weather", arguments: '{"city":"Oslo"}' } }],
])("a tool is called with arguments %s", async (_, delta) => {
  const reply = (request: ReplayedRequest): Reply => {
    const isAgain = (request.body.messages as { role: string }[]).some(({ role }) => role === "tool");
    return isAgain
      ? model(request)
      : { type: "text/event-stream", body: sse(chunk(delta), chunk({}, "tool_calls"), "[DONE]") };
  };
  const { output, sent } = await call({}, { reply });
  expect(output).toBe("Results: Oslo: 4 degrees");
  const made = sent.filter(({ body }: any) => body?.method === "tools/call");
  expect(made.map(({ body }: any) => body.params.arguments)).toEqual([{ city: "Oslo" }]);
});
