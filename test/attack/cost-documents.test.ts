import { getIntrospectionQuery } from "graphql";
import type { Response } from "supertest";
import { assertDisclosesNothing, maxHoldMs, useAttackedServer } from "../support/attack";
import { RawSocket } from "../support/streams";

const server = useAttackedServer();

const accept = "application/graphql-response+json";
const post = (query: string, variables?: object): Promise<Response> =>
  Promise.resolve(server.current.admin.post().set("accept", accept).send({ query, variables }));
const repeat = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, i) => text(i)).join(" ");

/** Attacks twice, since the first document of a kind also waits for the compiler. */
async function refused(attack: () => Promise<Response>, code: string, status = 400): Promise<void> {
  await attack();
  const { result, longestHoldMs } = await server.current.observe(attack);
  const { errors, data } = result.body as {
    errors: { message: string; extensions: { code: string } }[];
    data?: unknown;
  };
  expect([result.status, errors[0]?.extensions.code, data ?? null]).toEqual([status, code, null]);
  expect(errors.length).toBeLessThanOrEqual(21);
  expect(result.text.length).toBeLessThan(30_000);
  assertDisclosesNothing(result);
  expect(longestHoldMs).toBeLessThan(maxHoldMs);
}

test.each([
  ["valid", "{ viewer { kind } }"],
  ["invalid", "{ viewer { unknown } }"],
])("the texts of long %s documents are not kept", async (_kind, query) => {
  await server.current.observe(() => post(query));
  const { keptBytes } = await server.current.observe(async () => {
    for (let i = 0; i < 24; i++) await post(`#${i}${"c".repeat(900_000)}\n${query}`);
  });
  // 21 MB were sent.
  expect(keptBytes).toBeLessThan(12_000_000);
});

test("documents are kept up to a number of bytes", async () => {
  const { keptBytes } = await server.current.observe(async () => {
    for (let i = 0; i < 800; i++) await post(`#${i}${"€".repeat(18_000)}\n{ viewer { kind } }`);
  });
  // Their texts take 29 MB, with two bytes for each character.
  expect(keptBytes).toBeLessThan(24_000_000);
});

test.each([
  ["lists", `{ agent(id: ${"[".repeat(400_000)}`],
  ["closed lists", `{ agent(id: ${"[".repeat(900)}${"]".repeat(900)}) { id } }`],
  ["objects", `{ agent(id: ${"{a:".repeat(300_000)}`],
  ["selections", "{a".repeat(400_000)],
  ["inline fragments", "{...".repeat(200_000)],
  ["types", `query ($a: ${"[".repeat(400_000)}`],
])("a document that nests %s is refused", async (name, query) => {
  const code = name === "closed lists" ? "GRAPHQL_VALIDATION_FAILED" : "GRAPHQL_PARSE_FAILED";
  await refused(() => post(query), code);
});

test.each<[name: string, query: string]>([
  ["under the same name", `{ viewer { ${"kind ".repeat(1_980)} } }`],
  ["with fields of their own", `{ viewer { ${"app { id name } ".repeat(390)} } }`],
  ["on the root", `{ ${"viewer { kind } ".repeat(30)} ${"viewer { app { id } } ".repeat(200)} }`],
  ["in conflict", `{ viewer { ${repeat(650, (i) => `a: ${i % 2 ? "kind" : "name"}`)} } }`],
  [
    "in conflict below one",
    `{ viewer { a: app { ${repeat(400, (i) => `x${i}: id`)} } a: app { ${repeat(250, (i) => `x${i}: name`)} } } }`,
  ],
  [
    "with long arguments",
    `{ viewer { app { id } } ${repeat(29, (i) => `a: agent(id: "${"x".repeat(30_000)}${i}") { id }`)} }`,
  ],
  [
    "in many fragments",
    `{ viewer { ${repeat(200, (i) => `...F${i}`)} } } ${repeat(200, (i) => `fragment F${i} on Viewer { kind }`)}`,
  ],
  [
    "in many operations",
    `${repeat(150, (i) => `query Q${i} { ...F }`)} fragment F on Query { viewer { ${"kind ".repeat(90)} } }`,
  ],
])("fields that are repeated %s are refused by number", async (_name, query) => {
  await refused(() => post(query, undefined), "GRAPHQL_VALIDATION_FAILED");
});

test.each<[name: string, query: string]>([
  ["unknown fields", `{ viewer { ${repeat(1_900, (i) => `knd${i}`)} } }`],
  ["an unknown field with a long name", `{ ${"agents".repeat(150_000)} }`],
  ["unknown arguments with long names", `{ agent(${repeat(600, (i) => `${"id".repeat(700)}${i}: 1`)}) { id } }`],
  [
    "unknown types with long names",
    `query (${repeat(490, (i) => `$v${i}: ${"Agent".repeat(350)}${i}`)}) { viewer { kind } }`,
  ],
  ["an unknown value of an enum", `{ apiKeys(appId: "1", status: ${"ACTIVE".repeat(150_000)}) { totalCount } }`],
  ["a long number", `{ apps(first: ${"9".repeat(940_000)}) { totalCount } }`],
  ["errors behind empty lines", `${"\n".repeat(19_000)} { viewer { ${repeat(1_900, (i) => `k${i}`)} } }`],
  ["errors behind spaces", `${" ".repeat(930_000)} { viewer { ${repeat(1_900, (i) => `k${i}`)} } }`],
  [
    "undefined variables in many operations",
    `${repeat(150, (i) => `query Q${i} { ...F }`)} fragment F on Query { apps(after: [${"$v ".repeat(480)}]) { totalCount } }`,
  ],
  ["unknown directives", `{ viewer { kind ${repeat(900, (i) => `@d${i}`)} } }`],
  [
    "a subscription with many fields",
    `subscription { ${repeat(29, (i) => `a${i}: runEvents(runId: "${i}") { index }`)} }`,
  ],
])("a document with %s gets a few short errors", async (_name, query) => {
  await refused(() => post(query), "GRAPHQL_VALIDATION_FAILED");
});

test.each([
  ["comments", `${"#\n".repeat(300_000)} { viewer { kind } }`],
  ["lines in a text", `{ agent(id: """${"x\n".repeat(300_000)}""") { id } }`],
])("a document with hundreds of thousands of %s is refused", async (_name, query) => {
  await refused(() => post(query), "GRAPHQL_PARSE_FAILED");
});

test("the schema can be introspected, but not repeatedly in one operation", async () => {
  await post(getIntrospectionQuery());
  const { result, longestHoldMs } = await server.current.observe(() => post(getIntrospectionQuery()));
  expect(result.status).toBe(200);
  expect(longestHoldMs).toBeLessThan(maxHoldMs);

  const names = (count: number, field: string) => repeat(count, (i) => `a${i}: ${field}`);
  for (const query of [
    `{ ${names(20, `__schema { types { fields { ${names(12, "description")} } } }`)} }`,
    `{ ${names(12, "__schema { types { fields { args { type { ...T } } type { ...T } } } }")} } fragment T on __Type { name ofType { name ofType { name } } }`,
  ]) {
    await refused(() => post(query), "GRAPHQL_VALIDATION_FAILED");
  }
});

const agent = (input: object): [string, object] => [
  "mutation ($v: CreateAgentInput!) { createAgent(input: $v) { agent { id } } }",
  { v: { appId: "none", name: "a", ...input } },
];
const text = "query ($v: String!) { apps(after: $v) { totalCount } }";
const wide = (): Record<string, unknown> => Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`k${i}`, 1]));

test.each<[name: string, field: string, query: string, variables: object]>([
  [
    "names of tools",
    "v.tools.0.allow",
    ...agent({ tools: [{ url: "https://a.example", allow: Array(230_000).fill("a") }] }),
  ],
  ["servers of tools", "v.tools", ...agent({ tools: Array(20_000).fill({ url: "https://a.example", allow: ["a"] }) })],
  [
    "permissions",
    "v.runtime",
    `mutation ($v: PermissionsInput!) { createScope(input: { appId: "none", name: "a", permissions: $v }) { scope { id } } }`,
    { v: { runtime: Array(150_000).fill("RUN") } },
  ],
  ["a list for a text", "v", text, { v: Array(400_000).fill(1) }],
])(
  "variables with too many %s are refused before their elements are looked at",
  async (_name, field, query, variables) => {
    await refused(() => post(query, variables), "BAD_USER_INPUT");
    const { body } = await post(query, variables);
    expect(body.errors[0].extensions.fields).toMatchObject([{ field }]);
  },
);

const withMetadata = `mutation ($v: JSONObject) { createSession(input: { appId: "none", metadata: $v }) { session { id } } }`;

test("metadata with hundreds of thousands of numbers is refused", async () => {
  await refused(() => post(withMetadata, { v: { list: Array(450_000).fill(1) } }), "BAD_USER_INPUT", 200);
});

const nested = `{"a":${"[".repeat(450_000)}${"]".repeat(450_000)}}`;

test.each([
  ["of an object for a text", text, { v: wide() }],
  ["of metadata", withMetadata, { v: wide() }],
  ["of variables", "{ viewer { kind } }", wide()],
])("a body with tens of thousands of keys %s is refused before it is parsed", async (_name, query, variables) => {
  await refused(() => post(query, variables), "BAD_USER_INPUT");
});

test("a body that nests is refused before it is parsed", async () => {
  const body = `{"query":"{ viewer { kind } }","variables":${nested}}`;
  const send = () => Promise.resolve(server.current.admin.post().set("content-type", "application/json").send(body));
  await refused(send, "BAD_USER_INPUT");
});

test("an upload whose operation nests is refused before it is parsed", async () => {
  const send = () =>
    Promise.resolve(
      server.current.admin
        .post()
        .set("apollo-require-preflight", "1")
        .field("operations", `{"query":"{ viewer { kind } }","variables":${nested}}`)
        .field("map", "{}"),
    );
  await refused(send, "BAD_USER_INPUT");
});

test("a WebSocket message that nests closes the connection before it is parsed", async () => {
  const { longestHoldMs } = await server.current.observe(async () => {
    const socket = new RawSocket(server.current.url, { authorization: `Bearer ${server.current.adminKey}` });
    await socket.say({ type: "connection_init" });
    await socket.until(1);
    socket.send(`{"id":"1","type":"subscribe","payload":{"query":"{ viewer { kind } }","variables":${nested}}}`);
    expect(await socket.closed).toMatchObject({ code: 4400 });
  });
  expect(longestHoldMs).toBeLessThan(maxHoldMs);
});
