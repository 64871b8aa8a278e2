import pino from "pino";
import { allowHosts } from "../../support/allowed-hosts";
import type { Client } from "../../support/client";
import { useModelServer } from "../../support/model-server";
import { useServer } from "../../support/server";
import { storedText } from "../../support/stored-text";
import type { TestApp } from "../../support/test-app";
import { useToolServer } from "../../support/tool-server";

const logLines: string[] = [];
const log = pino({ level: "trace" }, { write: (line: string) => void logLines.push(line) });
const models = useModelServer();
const tools = useToolServer();
const server = useServer(allowHosts("127.0.0.1"), {}, log);

const fields = `id app { id } name url headerNames createdAt updatedAt`;
const create = `mutation ($input: CreateToolServerInput!) { createToolServer(input: $input) { toolServer { ${fields} } } }`;
const update = `mutation ($input: UpdateToolServerInput!) { updateToolServer(input: $input) { toolServer { ${fields} } } }`;
const remove = `mutation ($id: ID!) { deleteToolServer(input: { id: $id }) { id } }`;
const test_ = `mutation ($id: ID!) {
  testToolServer(input: { id: $id }) { ok latencyMs tools { name description } error { code message } }
}`;
const createAgent = `mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agent { id version tools { server url allow } } } }`;
const updateAgent = `mutation ($input: UpdateAgentInput!) { updateAgent(input: $input) { agent { id version tools { server url allow } } } }`;
const execute = `mutation ($input: ExecuteAgentInput!) { executeAgent(input: $input) { run { status output error { code message } } } }`;

async function newApp(): Promise<TestApp> {
  const app = await server.current.newApp();
  await app.modelConnection(models.current.baseUrl);
  return app;
}

/** The fields of an input that are refused. */
const refused = async (client: Client, query: string, input: object) =>
  (await client.errors(query, { input })).flatMap(({ extensions }) =>
    extensions.code === "BAD_USER_INPUT"
      ? (extensions["fields"] as { field: string }[]).map(({ field }) => field)
      : [extensions.code],
  );

test("an administrator creates, lists, changes and deletes tool servers", async () => {
  const { admin } = server.current;
  const app = await newApp();
  const input = {
    appId: app.id,
    name: "tools",
    url: tools.current.url(),
    headers: [{ name: "Authorization", value: "Bearer s" }],
  };
  const { toolServer } = (await admin.data(create, { input })).createToolServer;
  expect(toolServer).toMatchObject({
    app: { id: app.id },
    name: "tools",
    url: tools.current.url(),
    headerNames: ["authorization"],
  });
  expect(await admin.code(create, { input })).toBe("CONFLICT");
  const list = `query ($app: ID!, $id: ID!) { toolServers(appId: $app) { totalCount nodes { ${fields} } } toolServer(id: $id) { ${fields} } }`;
  const { id } = toolServer;
  expect(await admin.data(list, { app: app.id, id })).toEqual({
    toolServers: { totalCount: 1, nodes: [toolServer] },
    toolServer,
  });

  const changed = async (change: object) =>
    (await admin.data(update, { input: { id, ...change } })).updateToolServer.toolServer;
  expect(await changed({ name: "others" })).toMatchObject({ name: "others", headerNames: ["authorization"] });
  expect(await refused(admin, update, { id, url: tools.current.url("/other") })).toEqual(["input.headers"]);
  expect(await changed({ url: tools.current.url("/other"), headers: [] })).toMatchObject({ headerNames: [] });
  expect(await changed({ url: tools.current.url() })).toMatchObject({ url: tools.current.url() });
  await admin.data(remove, { id });
  expect(await admin.data(list, { app: app.id, id })).toEqual({
    toolServers: { totalCount: 0, nodes: [] },
    toolServer: null,
  });
  for (const [query, variables] of [
    [remove, { id }],
    [test_, { id }],
    [update, { input: { id } }],
  ] as const) {
    expect(await admin.code(query, variables)).toBe("NOT_FOUND");
  }
});

test.each<[why: string, field: string, change: object]>([
  ["a name with a slash", "input.name", { name: "a/b" }],
  ["a query in its URL", "input.url", { url: "https://example.com/?key=swordfish" }],
  ["a user in its URL", "input.url", { url: "https://swordfish@example.com/" }],
  ["a private address", "input.url", { url: "http://10.0.0.1/mcp" }],
  ["a line feed in a value", "input.headers.0.value", { headers: [{ name: "a", value: "swordfish\nb: c" }] }],
  ["a value that is too long", "input.headers.0.value", { headers: [{ name: "a", value: "x".repeat(4_001) }] }],
  ["a header name with a space", "input.headers.0.name", { headers: [{ name: "a b", value: "c" }] }],
  ["the header host", "input.headers.0.name", { headers: [{ name: "Host", value: "c" }] }],
  ["the header of a session", "input.headers.0.name", { headers: [{ name: "Mcp-Session-Id", value: "c" }] }],
  [
    "a header twice",
    "input.headers",
    {
      headers: [
        { name: "a", value: "b" },
        { name: "A", value: "c" },
      ],
    },
  ],
  ["21 headers", "input.headers", { headers: Array.from({ length: 21 }, (_, i) => ({ name: `a${i}`, value: "b" })) }],
  [
    "headers that are too long together",
    "input.headers",
    { headers: Array.from({ length: 5 }, (_, i) => ({ name: `a${i}`, value: "x".repeat(4_000) })) },
  ],
])("a tool server with %s is refused, without repeating the value", async (_, field, change) => {
  const { admin } = server.current;
  const app = await newApp();
  const id = await app.toolServer(tools.current.url());
  const input = { appId: app.id, name: "b", url: tools.current.url(), ...change };
  expect(await refused(admin, create, input)).toEqual([field]);
  expect(await refused(admin, update, { id, ...change })).toEqual([field]);
  expect(JSON.stringify(await admin.errors(create, { input }))).not.toContain("swordfish");
});

test("a test of a tool server says which tools there are, or why not", async () => {
  const { admin } = server.current;
  const app = await newApp();
  const tested = async (path: string, name: string) =>
    (await admin.data(test_, { id: await app.toolServer(tools.current.url(path), { name }) })).testToolServer;
  const { latencyMs, ...other } = await tested("/other", "other");
  const described = (name: string) => ({ name, description: `The tool ${name}.` });
  expect(other).toEqual({ ok: true, tools: [described("time"), described("weather")], error: null });
  expect(latencyMs).toBeGreaterThanOrEqual(0);
  expect((await tested("/many", "many")).tools).toHaveLength(1_000);
  expect((await tested("/mcp", "all")).tools.find(({ name }: any) => name === "wordy").description).toHaveLength(2_000);
  for (const [path, name] of [
    ["/500", "broken"],
    ["/endless", "endless"],
  ] as const) {
    const failed = await tested(path, name);
    expect(failed).toMatchObject({ ok: false, tools: [], error: { code: "TOOLS_UNAVAILABLE" } });
    expect(failed.error.message).toContain(`The tool server ${name} `);
    expect(JSON.stringify(failed)).not.toContain("swordfish");
  }
});

test("the headers of a tool server are sent to it with each request, and are shown and stored nowhere", async () => {
  const { admin } = server.current;
  const app = await newApp();
  const secret = "Bearer sk-of-the-tool-server-0123456789";
  const id = await app.toolServer(tools.current.url(), { headers: [{ name: "Authorization", value: secret }] });
  const agentId = await app.agent({ model: "model/tools", tools: [{ server: "tools", allow: ["weather"] }] });
  const before = tools.current.headers.length;
  const answers: unknown[] = [(await admin.send(execute, { input: { agentId, text: '[["weather", {}]]' } })).body];
  answers.push((await admin.send(test_, { id })).body);
  const heard = tools.current.headers.slice(before);
  expect(heard.length).toBeGreaterThan(3);
  for (const { authorization } of heard) expect(authorization).toBe(secret);
  expect(answers).toMatchObject([{ data: { executeAgent: { run: { status: "SUCCEEDED" } } } }, {}]);
  answers.push((await admin.send(`query ($id: ID!) { toolServer(id: $id) { ${fields} } }`, { id })).body);
  for (const text of [JSON.stringify(answers), logLines.join(""), await storedText(server.current)]) {
    expect(text).not.toContain(secret);
  }
});

test("the headers of a row whose address or app was changed in the database are sent nowhere", async () => {
  const { admin } = server.current;
  const app = await newApp();
  const id = await app.toolServer(tools.current.url(), { headers: [{ name: "a", value: "b" }] });
  const agentId = await app.agent({ model: "model/tools", tools: [{ server: "tools", allow: ["weather"] }] });
  await server.current.sql(`UPDATE tool_server SET url = '${tools.current.url("/other")}' WHERE id = '${id}'`);
  const before = tools.current.requests.length;
  expect((await admin.data(test_, { id })).testToolServer).toMatchObject({
    ok: false,
    error: { code: "TOOLS_UNAVAILABLE" },
  });
  expect((await admin.data(execute, { input: { agentId, text: '[["weather", {}]]' } })).executeAgent.run).toMatchObject(
    {
      status: "FAILED",
      error: { code: "TOOLS_UNAVAILABLE" },
    },
  );
  expect(tools.current.requests).toHaveLength(before);
});

test("a key names tool servers of its app for an agent, and a tool server in use is not deleted", async () => {
  const { admin } = server.current;
  const app = await newApp();
  const [id] = [
    await app.toolServer(tools.current.url()),
    await (await newApp()).toolServer(tools.current.url(), { name: "foreign" }),
  ];
  const key = await app.key({ agents: "FULL" });
  const input = { name: "a", model: "model/tools", tools: [{ server: "tools", allow: ["weather"] }] };
  const { agent } = (await key.data(createAgent, { input })).createAgent;
  const shown = { server: "tools", url: tools.current.url(), allow: ["weather"] };
  expect(agent.tools).toEqual([shown]);
  for (const name of ["foreign", "none", id]) {
    expect(await refused(key, createAgent, { ...input, name: "b", tools: [{ server: name, allow: ["a"] }] })).toEqual([
      "input.tools.0.server",
    ]);
  }
  const change = (more: object) => ({ id: agent.id, ...more });
  expect(await refused(key, updateAgent, change({ tools: [{ allow: ["a"] }] }))).toEqual(["input.tools.0.server"]);
  expect(
    await refused(key, updateAgent, change({ tools: [...input.tools, { server: "tools", allow: ["b"] }] })),
  ).toEqual(["input.tools.1.server"]);
  expect(await refused(key, updateAgent, change({ tools: [{ ...shown, url: tools.current.url("/other") }] }))).toEqual([
    "input.tools.0.url",
  ]);
  expect((await key.data(updateAgent, { input: change({ tools: [shown] }) })).updateAgent.agent.tools).toEqual([shown]);

  expect(await admin.errors(remove, { id })).toMatchObject([
    { message: expect.stringContaining("1 agent uses"), extensions: { code: "CONFLICT" } },
  ]);
  await admin.data(update, { input: { id, name: "renamed" } });
  expect(
    (await key.data(`query ($id: ID!) { agent(id: $id) { tools { server } } }`, { id: agent.id })).agent.tools,
  ).toEqual([{ server: "renamed" }]);
  await key.data(updateAgent, { input: change({ tools: [] }) });
  await admin.data(remove, { id });
});

test("only an administrator gives an agent an address; a key may send back what the agent has", async () => {
  const app = await newApp();
  const [editor, full] = [await app.key({ agents: "EDIT" }), await app.key({ agents: "FULL" })];
  const url = tools.current.url("/other");
  const forbidden = {
    message: expect.stringContaining("createToolServer"),
    extensions: { code: "FORBIDDEN", required: "admin" },
  };
  const bare = [{ url, allow: ["time"] }];
  expect(await full.errors(createAgent, { input: { name: "a", model: "model/tools", tools: bare } })).toMatchObject([
    forbidden,
  ]);
  const id = await app.agent({ model: "model/tools" });
  expect(await editor.errors(updateAgent, { input: { id, tools: bare } })).toMatchObject([forbidden]);
  // The same answer for an address that the server would refuse, so that it does not show which ones exist.
  expect(
    await editor.errors(updateAgent, { input: { id, tools: [{ url: "http://10.0.0.1/", allow: ["a"] }] } }),
  ).toMatchObject([forbidden]);

  await server.current.admin.data(updateAgent, { input: { id, tools: bare } });
  const change = async (more: object) => (await editor.data(updateAgent, { input: { id, ...more } })).updateAgent.agent;
  expect((await change({ description: "b" })).tools).toEqual([{ server: null, ...bare[0] }]);
  const other = [{ url, allow: ["weather", "time"] }];
  expect((await change({ tools: other })).tools).toEqual([{ server: null, ...other[0] }]);
  expect(
    await editor.errors(updateAgent, { input: { id, tools: [...other, { url: `${url}/`, allow: ["a"] }] } }),
  ).toMatchObject([forbidden]);

  // A client that does not know `server` sends back the address, and the agent keeps the server with its headers.
  await app.toolServer(tools.current.url());
  await change({ tools: [{ server: "tools", allow: ["weather"] }] });
  const [kept] = (await change({ tools: [{ url: tools.current.url(), allow: ["weather", "broken"] }] })).tools;
  expect(kept).toEqual({ server: "tools", url: tools.current.url(), allow: ["weather", "broken"] });
});

test("an app has at most 100 tool servers", async () => {
  const { admin } = server.current;
  const app = await newApp();
  const inputs = Array.from({ length: 20 }, (_, i) => i);
  for (let batch = 0; batch < 5; batch++) {
    const mutation = inputs.map(
      (i) =>
        `m${i}: createToolServer(input: { appId: "${app.id}", name: "t${batch}-${i}", url: "${tools.current.url()}" }) { toolServer { id } }`,
    );
    await admin.data(`mutation { ${mutation.join(" ")} }`);
  }
  const [error] = await admin.errors(create, { input: { appId: app.id, name: "more", url: tools.current.url() } });
  expect(error?.extensions).toMatchObject({ code: "LIMIT_REACHED", limit: "toolServers", allowed: 100, used: 100 });
});
