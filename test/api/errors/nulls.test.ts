import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  buildSchema,
  getNamedType,
  getNullableType,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
} from "graphql";
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

const schema = buildSchema(readFileSync(join(__dirname, "../../../schema.graphql"), "utf8"));
type Input = GraphQLArgument | GraphQLInputField;
const fieldsOf = (type: GraphQLNamedType): Input[] =>
  isInputObjectType(type)
    ? Object.values(type.getFields())
    : isObjectType(type)
      ? Object.values(type.getFields()).flatMap(({ args }) => args)
      : [];

test("every argument and input field with a default takes null", () => {
  const withDefault = Object.values(schema.getTypeMap())
    .flatMap((type) => fieldsOf(type).map((field) => ({ field, at: `${type.name}: ${field.name}` })))
    .filter(({ field, at }) => field.defaultValue !== undefined && !at.startsWith("__"));
  expect(withDefault.length).toBeGreaterThan(30);
  expect(withDefault.filter(({ field }) => isNonNullType(field.type)).map(({ at }) => at)).toEqual([]);
});

/** Null for what has a default, values for what must be given and for what has defaults within it. */
function valuesWithNulls(inputs: readonly Input[], appId: string): Record<string, unknown> {
  return Object.fromEntries(
    inputs.flatMap((input): [string, unknown][] => {
      const type = getNamedType(input.type);
      if (input.defaultValue !== undefined) return [[input.name, null]];
      if (isInputObjectType(type)) return [[input.name, valuesWithNulls(fieldsOf(type), appId)]];
      if (!isNonNullType(input.type)) return [];
      const value = input.name === "appId" ? appId : isEnumType(type) ? type.getValues()[0]?.name : "1";
      return [[input.name, isListType(getNullableType(input.type)) ? [value] : value]];
    }),
  );
}

test("no root field fails for a null where an argument or a field of its input has a default", async () => {
  const { id: appId } = await server.current.newApp();
  let sent = 0;
  for (const root of [schema.getQueryType(), schema.getMutationType()]) {
    for (const { name, args, type } of Object.values(root?.getFields() ?? {})) {
      const variables = valuesWithNulls(args, appId);
      if (!JSON.stringify(variables).includes("null")) continue;
      sent++;
      const declared = Object.keys(variables).map(
        (arg) => `$${arg}: ${String(args.find((each) => each.name === arg)?.type)}`,
      );
      const given = Object.keys(variables).map((arg) => `${arg}: $${arg}`);
      const selection = isObjectType(getNamedType(type)) ? "{ __typename }" : "";
      const operation = root === schema.getQueryType() ? "query" : "mutation";
      const text = `${operation} (${declared.join(", ")}) { ${name}(${given.join(", ")}) ${selection} }`;
      const errors = await server.current.admin.errors(text, variables);
      const faults = errors.filter((each) => each.extensions.code === "INTERNAL_SERVER_ERROR");
      expect({ name, faults }).toEqual({ name, faults: [] });
      expect(JSON.stringify(errors)).not.toContain("null");
    }
  }
  expect(sent).toBeGreaterThan(15);
});

test(`${unsaid}: arguments of fields that return one object`, async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const { keyId } = await app.key();
  const usage = `query ($appId: ID!, $groupBy: [UsageGroup!]) { usage(appId: $appId, groupBy: $groupBy) { rows { from } } }`;
  const left = await admin.data(usage, { appId: app.id });
  expect(await admin.data(usage, { appId: app.id, groupBy: null })).toEqual(left);
  const verification = `query ($appId: ID!, $after: Int) { auditVerification(appId: $appId, after: $after) { verifiedUpTo fault { problem } } }`;
  const { auditVerification } = await admin.data(verification, { appId: app.id, after: null });
  expect(auditVerification).toEqual({ verifiedUpTo: expect.any(Number), fault: null });
  const revoke = `mutation ($input: RevokeApiKeysInput!, $days: Int) { revokeApiKeys(input: $input) { count usedInLastDays(days: $days) } }`;
  const { revokeApiKeys } = await admin.data(revoke, { input: { ids: [keyId] }, days: null });
  expect(revokeApiKeys).toEqual({ count: 1, usedInLastDays: 0 });
});

test.each([
  ["an argument", `query ($n: ID = "a") { app(id: $n) { id } }`, "id"],
  [
    "an argument of GraphQL's own",
    `query ($n: Boolean) { __schema { directives(includeDeprecated: $n) { name } } }`,
    "includeDeprecated",
  ],
  ["a directive", `query ($n: Boolean = true) { apps @include(if: $n) { nodes { id } } }`, "if"],
  ["a directive within a field", `query ($n: Boolean = true) { apps { nodes @include(if: $n) { id } } }`, "if"],
  ["a field of an input", `mutation ($n: String = "a") { createApp(input: { name: $n }) { app { id } } }`, "input"],
])("a variable that is null despite its own default is bad input if %s refuses null", async (_, query, field) => {
  const { body } = await server.current.admin.send(query, { n: null });
  expect(body.errors).toMatchObject([{ extensions: { code: "BAD_USER_INPUT", fields: [{ field }] } }]);
});
