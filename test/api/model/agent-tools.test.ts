import { allowHosts } from "../../support/allowed-hosts";
import { useModelServer } from "../../support/model-server";
import { useServer } from "../../support/server";
import type { TestApp } from "../../support/test-app";

const models = useModelServer();
const server = useServer({ ...allowHosts("127.0.0.1:7777,127.0.0.1:7778,127.0.0.1") });

const fields = `id version model tools { url allow }`;
const create = `mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agent { ${fields} } } }`;
const update = `mutation ($input: UpdateAgentInput!) { updateAgent(input: $input) { agent { ${fields} } } }`;
const url = "http://127.0.0.1:7777/mcp";
const weather = [{ url, allow: ["weather"] }];

async function app(): Promise<TestApp> {
  const created = await server.current.newApp();
  await created.modelConnection(models.current.baseUrl);
  return created;
}
const input = (own: TestApp, more: object = {}) => ({ appId: own.id, name: "a", model: "model/good", ...more });

test("an agent has no tools by default, and its tools can be read, replaced and removed", async () => {
  const { admin } = server.current;
  const own = await app();
  const { createAgent } = await admin.data(create, { input: input(own) });
  expect(createAgent.agent.tools).toEqual([]);
  const { id } = createAgent.agent;
  const changed = async (more: object) => (await admin.data(update, { input: { id, ...more } })).updateAgent.agent;
  expect(await changed({ tools: weather })).toMatchObject({ version: 2, tools: weather });
  expect(await changed({ name: "b" })).toMatchObject({ version: 3, tools: weather });
  expect((await admin.data(`query ($id: ID!) { agent(id: $id) { tools { url allow } } }`, { id })).agent.tools).toEqual(
    weather,
  );
  expect(await changed({ tools: [] })).toMatchObject({ version: 4, tools: [] });
  expect(await admin.code(update, { input: { id, tools: null } })).toBe("BAD_USER_INPUT");
});

test.each<[why: string, field: string, tools: object[]]>([
  ["with another scheme", "input.tools.0.url", [{ url: "ftp://example.com/", allow: ["a"] }]],
  ["with a password", "input.tools.0.url", [{ url: "http://user:swordfish@127.0.0.1:7777/mcp", allow: ["a"] }]],
  ["with a query", "input.tools.0.url", [{ url: `${url}?key=swordfish`, allow: ["a"] }]],
  ["with a private address", "input.tools.0.url", [{ url: "http://10.0.0.1/mcp", allow: ["a"] }]],
  ["with a loopback address", "input.tools.0.url", [{ url: "http://[::1]/mcp", allow: ["a"] }]],
  ["listed twice", "input.tools.1.url", [...weather, { url, allow: ["b"] }]],
  ["with a URL that is too long", "input.tools.0.url", [{ url: `${url}/${"x".repeat(2_000)}`, allow: ["a"] }]],
  ["without tools", "input.tools.0.allow", [{ url, allow: [] }]],
  ["with a duplicate tool", "input.tools.0.allow", [{ url, allow: ["a", "a"] }]],
  [
    "with a tool that another server has",
    "input.tools.1.allow",
    [...weather, { url: "http://127.0.0.1:7778/mcp", allow: ["weather"] }],
  ],
  ["with an invalid tool name", "input.tools.0.allow", [{ url, allow: ["a b"] }]],
  ["with a tool name that is too long", "input.tools.0.allow", [{ url, allow: ["x".repeat(65)] }]],
  ["with too many tools", "input.tools.0.allow", [{ url, allow: Array.from({ length: 51 }, (_, i) => `a${i}`) }]],
  ["of more than ten", "input.tools", Array.from({ length: 11 }, (_, i) => ({ url: `${url}/${i}`, allow: [`a${i}`] }))],
])("a tool server %s is rejected, and nothing changes", async (_, field, tools) => {
  const { admin } = server.current;
  const own = await app();
  const id = await own.agent({ model: "model/good" });
  for (const [query, variables] of [
    [create, { input: input(own, { tools }) }],
    [update, { input: { id, tools } }],
  ] as const) {
    const [error] = await admin.errors(query, variables);
    expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field }] });
    expect(JSON.stringify(error)).not.toContain("swordfish");
  }
  const { agents } = await admin.data(`query ($app: ID!) { agents(appId: $app) { nodes { version } } }`, {
    app: own.id,
  });
  expect(agents.nodes).toEqual([{ version: 1 }]);
});

test("an agent can't combine tools with a model that does not support tools, whichever is set first", async () => {
  const { admin } = server.current;
  const own = await app();
  const fault = { code: "BAD_USER_INPUT", fields: [{ field: "input.tools" }] };
  const [made] = await admin.errors(create, { input: input(own, { model: "builtin:extractive", tools: weather }) });
  expect(made?.extensions).toMatchObject(fault);

  const id = await own.agent({ model: "model/good", tools: weather });
  const [changed] = await admin.errors(update, { input: { id, model: "builtin:extractive" } });
  expect(changed?.extensions).toMatchObject(fault);
  const [given] = await admin.errors(update, { input: { id: await own.agent(), tools: weather } });
  expect(given?.extensions).toMatchObject(fault);
  const both = { id, model: "builtin:extractive", tools: [] };
  expect(await admin.code(update, { input: both })).toBeUndefined();
});
