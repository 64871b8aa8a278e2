import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import pino from "pino";
import { allowHosts } from "../../support/allowed-hosts";
import { readConfig } from "../../../src/config";
import { startServer } from "../../../src/server";
import { Client } from "../../support/client";
import { createTestLog } from "../../support/log";
import { useModelServer } from "../../support/model-server";
import { eventually, finished } from "../../support/runs";
import { adminKey, TestServer, useServer } from "../../support/server";
import { transports } from "../../support/streams";
import type { TestApp } from "../../support/test-app";
import { fastTimings } from "../../support/timings";
import { useToolServer } from "../../support/tool-server";

const models = useModelServer();
const tools = useToolServer();
const { log, lines } = createTestLog();
const server = useServer({ ...allowHosts("127.0.0.1") }, {}, log);

const run = `id status output error { code message } usage { totalTokens }`;
const execute = `mutation ($input: ExecuteAgentInput!) { executeAgent(input: $input) { run { ${run} } } }`;
const events = `subscription ($runId: ID!, $after: Int) {
  runEvents(runId: $runId, after: $after) {
    __typename index runId
    ... on RunOutput { text }
    ... on RunToolCall { callId name arguments }
    ... on RunToolResult { callId name result isError }
  }
}`;
interface Answer {
  readonly id: string;
  readonly status: string;
  readonly output: string | null;
  readonly error: unknown;
  readonly usage: unknown;
  /** A unique part of the request's text, to find the calls of the model. */
  readonly mark: string;
}
type Call = readonly [name: string, input: unknown];

async function app(): Promise<TestApp> {
  const created = await server.current.newApp();
  await created.modelConnection(models.current.baseUrl, { apiKey: "sk-secret" });
  return created;
}

/** Executes an agent whose model makes these tool calls. */
async function ask(calls: readonly Call[], { agent = {}, ...more }: { agent?: object; [name: string]: unknown } = {}) {
  const own = await app();
  const weather = [{ url: tools.current.url(), allow: ["weather"] }];
  const agentId = await own.agent({ model: "model/tools", tools: weather, timeoutSeconds: 20, ...agent });
  const mark = randomUUID();
  const text = `${mark} ${JSON.stringify(calls)}`;
  const { executeAgent } = await server.current.admin.data(execute, { input: { agentId, text, ...more } });
  return { ...executeAgent.run, mark } as Answer;
}

async function eventsOf(runId: string, after?: number): Promise<any[]> {
  const results = await transports["server-sent events"](server.current.admin, events, { runId, after }).all();
  return results.map(({ data }) => data.runEvents);
}

test("a model is offered only the allowed tools, calls one, and answers from its result", async () => {
  const { id, mark, ...answer } = await ask([["weather", { city: "Lima" }]]);
  expect(answer).toMatchObject({
    status: "SUCCEEDED",
    output: "Results: It rains in Lima.",
    error: null,
    usage: { totalTokens: 32 },
  });
  const [first, second, ...more] = models.current.callsWith(mark);
  expect(more).toEqual([]);
  expect(first?.body.tools.map((tool: any) => tool.function.name)).toEqual(["weather"]);
  expect(second?.body.messages.at(-1)).toMatchObject({ role: "tool", content: "It rains in Lima." });

  const all = await eventsOf(id);
  const { callId } = all[1];
  expect(all).toEqual([
    { __typename: "RunStarted", index: 0, runId: id },
    { __typename: "RunToolCall", index: 1, runId: id, callId, name: "weather", arguments: '{"city":"Lima"}' },
    {
      __typename: "RunToolResult",
      index: 2,
      runId: id,
      callId,
      name: "weather",
      result: "It rains in Lima.",
      isError: false,
    },
    { __typename: "RunOutput", index: 3, runId: id, text: "Results: It rains in Lima." },
    { __typename: "RunFinished", index: 4, runId: id },
  ]);
  for (let after = 0; after < 5; after++) expect(await eventsOf(id, after)).toEqual(all.slice(after + 1));
  await eventually(() => tools.current.openSessions === 0);
});

test("the tools of two servers are offered together", async () => {
  const agent = {
    tools: [
      { url: tools.current.url(), allow: ["weather"] },
      { url: tools.current.url("/other"), allow: ["time"] },
    ],
  };
  const { id, output } = await ask(
    [
      ["weather", { city: "Lima" }],
      ["time", {}],
    ],
    { agent },
  );
  expect(output).toBe("Results: It rains in Lima. and It is noon.");
  const kinds = (await eventsOf(id)).map(({ __typename }) => __typename);
  expect(kinds.filter((kind) => kind === "RunToolCall")).toHaveLength(2);
  expect(kinds.filter((kind) => kind === "RunToolResult")).toHaveLength(2);
});

test.each<[name: string, call: Call, result: string | RegExp]>([
  ["reports an error", ["broken", {}], "The thermometer is broken."],
  ["throws", ["throwing", {}], "The tool threw."],
  ["is not allowed", ["secret", {}], /unavailable tool 'secret'/],
  ["gets invalid arguments", ["weather", { city: 5 }], /nvalid/],
  ["gets arguments that are not JSON", ["weather", "{not json"], /nvalid|JSON/],
])("a tool that %s gives the model an error result, and the run continues", async (_, call, result) => {
  const agent = { tools: [{ url: tools.current.url(), allow: ["weather", "broken", "throwing"] }] };
  const { id, status, output } = await ask([call], { agent });
  expect(status).toBe("SUCCEEDED");
  const [, , outcome] = await eventsOf(id);
  expect(outcome).toMatchObject({ __typename: "RunToolResult", name: call[0], isError: true });
  expect(outcome.result).toEqual(typeof result === "string" ? result : expect.stringMatching(result));
  expect(output).toMatch(result);
  expect(tools.current.calls.filter(({ name }) => name === "secret")).toEqual([]);
});

test("an image in a tool's result is replaced by its type", async () => {
  const agent = { tools: [{ url: tools.current.url(), allow: ["picture"] }] };
  expect((await ask([["picture", {}]], { agent })).output).toBe("Results: [image]");
});

test.each([
  ["/500", "answered with status 500"],
  ["/endless", "can't be reached, or does not speak MCP"],
])("a faulty tool server (%s) fails the run, and the model is not called", async (path, why) => {
  const url = tools.current.url(path);
  const { mark, ...answer } = await ask([["weather", {}]], { agent: { tools: [{ url, allow: ["weather"] }] } });
  expect(answer).toMatchObject({
    status: "FAILED",
    error: {
      code: "TOOLS_UNAVAILABLE",
      message: expect.stringContaining(`The tool server 127.0.0.1:${tools.current.port} ${why}`),
    },
  });
  expect(models.current.callsWith(mark)).toEqual([]);
});

test("a tool server that never responds fails the run at the agent's timeout, and other runs are not affected", async () => {
  const agent = { tools: [{ url: tools.current.url("/mute"), allow: ["weather"] }], timeoutSeconds: 1 };
  const [slow, other] = await Promise.all([ask([["weather", {}]], { agent }), ask([["weather", { city: "Lima" }]])]);
  expect(other.status).toBe("SUCCEEDED");
  expect(slow).toMatchObject({ status: "FAILED", error: { code: "MODEL_TIMEOUT" } });
});

test("an unreachable server, an unknown tool and a definition that is too long fail the run", async () => {
  const outcomes = [
    ["http://127.0.0.1:1/mcp", "weather", "can't be reached"],
    [tools.current.url(), "nothing", "has no tool nothing"],
    [tools.current.url(), "wordy", "The definition of the tool wordy"],
  ] as const;
  for (const [url, name, why] of outcomes) {
    const { error } = await ask([[name, {}]], { agent: { tools: [{ url, allow: [name] }] } });
    expect(error).toEqual({ code: "TOOLS_UNAVAILABLE", message: expect.stringContaining(why) });
  }
});

test("a model is offered only the allowed tools of a server with thousands", async () => {
  const agent = { tools: [{ url: tools.current.url("/many"), allow: ["tool_7", "tool_2999"] }] };
  const { mark, output } = await ask([["tool_2999", {}]], { agent });
  expect(output).toBe("Results: 2999");
  expect(models.current.callsWith(mark)[0]?.body.tools).toHaveLength(2);
});

test("a run that calls tools in each of eight steps fails with TOOL_STEPS_EXCEEDED, and keeps its output", async () => {
  const before = tools.current.calls.length;
  const { mark, ...answer } = await ask([["weather", { city: "Lima" }]], { agent: { model: "model/tools-again" } });
  expect(answer).toMatchObject({
    status: "FAILED",
    output: Array.from({ length: 8 }, () => "Once more.").join("\n\n"),
    error: { code: "TOOL_STEPS_EXCEEDED" },
  });
  expect(models.current.callsWith(mark)).toHaveLength(8);
  expect(tools.current.calls.length - before).toBe(7);
});

test("a provider that fails after a tool call is not retried, so that no call is repeated", async () => {
  const before = tools.current.calls.length;
  const { mark, ...answer } = await ask([["weather", { city: "Lima" }]], { agent: { model: "model/tools-500" } });
  expect(answer).toMatchObject({ status: "FAILED", error: { code: "MODEL_UNAVAILABLE" }, usage: { totalTokens: 16 } });
  expect(tools.current.calls.length - before).toBe(1);
  expect(models.current.callsWith(mark)).toHaveLength(2);
});

test("cancelling a run during a tool call closes the connection to the tool", async () => {
  const agent = { tools: [{ url: tools.current.url(), allow: ["sleep"] }] };
  const { id } = await ask([["sleep", {}]], { agent, waitMs: 0 });
  await eventually(() => tools.current.calls.some(({ name }) => name === "sleep"));
  const { admin } = server.current;
  await admin.data(`mutation ($id: ID!) { cancelRun(input: { id: $id }) { run { id } } }`, { id });
  expect(await tools.current.sleepClosed).toBe(true);
  expect((await finished(admin, id)).status).toBe("CANCELLED");
  await delay(50);
  expect((await eventsOf(id)).map(({ __typename }) => __typename)).toEqual([
    "RunStarted",
    "RunToolCall",
    "RunFinished",
  ]);
});

test("a tool call that exceeds its timeout is disconnected, and the model gets an error result", async () => {
  const impatient = await TestServer.start({ ...allowHosts("127.0.0.1") }, {}, undefined, fastTimings);
  try {
    const own = await impatient.newApp();
    await own.modelConnection(models.current.baseUrl);
    const agentId = await own.agent({
      model: "model/tools",
      tools: [{ url: tools.current.url(), allow: ["sleep"] }],
    });
    const input = { agentId, text: `${randomUUID()} ${JSON.stringify([["sleep", {}]])}` };
    const { executeAgent } = await impatient.admin.data(execute, { input });
    expect(executeAgent.run.output).toBe("Results: The tool did not respond within 0.3 s.");
    expect(await tools.current.sleepClosed).toBe(true);
  } finally {
    await impatient.stop();
  }
});

test("a tool server that is removed from TOOL_ALLOWED_HOSTS is not called", async () => {
  const own = await app();
  const agentId = await own.agent({ model: "model/tools", tools: [{ url: tools.current.url(), allow: ["weather"] }] });
  const before = tools.current.requests.length;
  await server.current.restart(async () => {
    const strict = await startServer(
      readConfig({
        PORT: "0",
        DATA_DIR: server.current.dataDir,
        DATABASE_URL: server.current.databaseUrl,
        ADMIN_KEY: adminKey,
      }),
      pino({ level: "silent" }),
    );
    try {
      const admin = new Client(strict.url, ["authorization", `Bearer ${adminKey}`]);
      const { executeAgent } = await admin.data(execute, { input: { agentId, text: "Hello" } });
      expect(executeAgent.run.error).toEqual({
        code: "TOOLS_UNAVAILABLE",
        message: expect.stringContaining("is not allowed. The operator can allow it in TOOL_ALLOWED_HOSTS."),
      });
      expect(tools.current.requests).toHaveLength(before);
    } finally {
      await strict.close();
    }
  });
});

test("a call with more than 50,000 characters, and calls beyond the fiftieth, are not executed", async () => {
  const before = tools.current.calls.length;
  const { error } = await ask([["weather", { city: "x".repeat(50_000) }]]);
  expect(error).toMatchObject({ code: "MODEL_OUTPUT_TOO_LONG" });
  expect(tools.current.calls.length).toBe(before);

  const { id } = await ask(Array.from({ length: 55 }, () => ["weather", { city: "Lima" }] as const));
  const results = (await eventsOf(id)).filter(({ __typename }) => __typename === "RunToolResult");
  expect(results.filter(({ isError }) => isError)).toHaveLength(5);
  expect(tools.current.calls.length - before).toBe(50);
});

test("the log contains no output of tools or models", () => {
  expect(lines.join("\n")).not.toMatch(/swordfish|It rains|sk-secret|thermometer/);
});
