import { execute } from "../../support/runs";
import { useServer } from "../../support/server";

const server = useServer();
const unsaid = "null counts as left out where a field has a default";

test(`${unsaid}: agents`, async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const fields =
    "description instructions model timeoutSeconds onInterrupt tools { url } temperature maxOutputTokens version";
  const create = `mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agent { ${fields} } } }`;
  const nulls = {
    description: null,
    instructions: null,
    model: null,
    timeoutSeconds: null,
    onInterrupt: null,
    tools: null,
    temperature: null,
    maxOutputTokens: null,
  };
  const { createAgent: left } = await key.data(create, { input: { name: "left out" } });
  const { createAgent: given } = await key.data(create, { input: { name: "null", ...nulls } });
  expect(given).toEqual(left);
  const literal = `mutation { createAgent(input: { name: "literal", description: null, tools: null, onInterrupt: null }) { agent { ${fields} } } }`;
  expect((await key.data(literal)).createAgent).toEqual(left);
});

test(`${unsaid}: apps, scopes, keys and tool servers`, async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const permissions = "permissions { agents runtime sessions } description";
  const createScope = `mutation ($input: CreateScopeInput!) { createScope(input: $input) { scope { id ${permissions} } } }`;
  const left = await admin.data(createScope, { input: { appId: app.id, name: "left out", permissions: {} } });
  const nulls = { agents: null, runtime: null, sessions: null };
  const given = await admin.data(createScope, {
    input: { appId: app.id, name: "null", description: null, permissions: nulls },
  });
  const { id } = given.createScope.scope;
  expect(given.createScope.scope).toEqual({ ...left.createScope.scope, id });

  const { deleteScope } = await admin.data(
    `mutation ($id: ID!) { deleteScope(input: { id: $id, revokeKeys: null }) { id } }`,
    { id },
  );
  expect(deleteScope.id).toBe(id);
  const { keyId } = await app.key();
  const revoke = `mutation ($id: ID!) { revokeApiKey(input: { id: $id, runs: null }) { apiKey { status } } }`;
  expect((await admin.data(revoke, { id: keyId })).revokeApiKey.apiKey.status).toBe("REVOKED");
  const createToolServer = `mutation ($appId: ID!) {
    createToolServer(input: { appId: $appId, name: "tools", url: "https://example.com/mcp", headers: null }) { toolServer { headerNames } }
  }`;
  expect((await admin.data(createToolServer, { appId: app.id })).createToolServer.toolServer.headerNames).toEqual([]);
});

test(`${unsaid}: executions and pages`, async () => {
  const app = await server.current.newApp();
  const [agentId, key] = [await app.agent(), await app.key()];
  const nulls = { session: null, onBusy: null, waitMs: null, idempotencyKey: null, callbackUrl: null };
  expect((await execute(key, { agentId, text: "Hello", ...nulls })).run.status).toBe("SUCCEEDED");
  for (const [query, variables] of [
    [`{ agents(first: null, after: null, last: null, before: null) { nodes { id } } }`, {}],
    [
      `query ($first: Int, $last: Int) { agents(first: $first, last: $last) { nodes { id } } }`,
      { first: null, last: null },
    ],
  ] as const) {
    expect((await key.data(query, variables)).agents.nodes).toEqual([{ id: agentId }]);
  }
});

test("the size of a page whose `first` is null counts towards the maximum of an operation", async () => {
  const key = await (await server.current.newApp()).key();
  const nested = (size: string) =>
    `sessions(${size}) { nodes { runs(${size}) { nodes { id } } messages(${size}) { nodes { id } } } }`;
  const many = (size: string) => ["a", "b", "c"].map((name) => `${name}: ${nested(size)}`).join(" ");
  for (const size of ["first: 50", "first: null", "first: $n"]) {
    expect(await key.code(`query ${size.includes("$") ? "($n: Int)" : ""} { ${many(size)} }`, { n: null })).toBe(
      "BAD_USER_INPUT",
    );
  }
});
