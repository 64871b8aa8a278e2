import { getIntrospectionQuery, Lexer, Source, TokenKind } from "graphql";
import type { Client } from "../../support/client";
import { useServer } from "../../support/server";

const server = useServer();

/**
 * How much the server, which lives in this process, works at most without doing anything else while this work is done, in
 * milliseconds of the processor: so others that work on the machine make no difference.
 */
async function blockedBy(work: () => Promise<unknown>): Promise<number> {
  let [longest, last] = [0, process.cpuUsage()];
  const beat = setInterval(() => {
    const { user, system } = process.cpuUsage(last);
    longest = Math.max(longest, (user + system) / 1_000);
    last = process.cpuUsage();
  }, 1);
  await work();
  await new Promise((resolve) => setTimeout(resolve, 5));
  clearInterval(beat);
  return longest;
}

/** What the design allows is 150; the rest is for the client, which lives here too, and for a slow machine. */
const tooLong = 750;

const aliases = (count: number, field: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => `a${i}: ${field(i)}`).join(" ");
function tokensOf(text: string): number {
  const lexer = new Lexer(new Source(text));
  let count = 0;
  while (lexer.advance().kind !== TokenKind.EOF) count += 1;
  return count;
}

const codeOf = (query: string, variables?: object, by: Client = server.current.admin) => by.code(query, variables);

test("a document has at most 2,000 tokens", async () => {
  const frame = `mutation { createScope(input: { appId: "none", name: "a", permissions: { runtime: [] } }) { scope { id } } }`;
  const query = (tokens: number) => frame.replace("[", `[${"RUN ".repeat(tokens - tokensOf(frame))}`);
  expect(await codeOf(query(2_000))).toBe("NOT_FOUND");
  expect(await codeOf(query(2_001))).toBe("GRAPHQL_PARSE_FAILED");
});

test("an operation is at most 12 levels deep, through fragments too", async () => {
  const loop = `apiKeys(first: 1) { nodes { scope {`;
  const query = (inner: string) => `{ viewer { apiKey { scope { ${loop} ${loop} ${inner} }}} }}} }}} }`;
  const [twelve, thirteen] = [`apiKeys(first: 1) { nodes { id } }`, `apiKeys(first: 1) { nodes { scope { id } } }`];
  expect(await codeOf(query(twelve))).toBeUndefined();
  expect(await codeOf(query(thirteen))).toBe("GRAPHQL_VALIDATION_FAILED");
  expect(await codeOf(`${query("...F")} fragment F on Scope { ${twelve} }`)).toBeUndefined();
  expect(await codeOf(`${query("... { ...F }")} fragment F on Scope { ${thirteen} }`)).toBe(
    "GRAPHQL_VALIDATION_FAILED",
  );
});

test("an operation has at most 30 root fields, through fragments too", async () => {
  const viewers = (count: number) => aliases(count, () => "viewer { kind }");
  expect(await codeOf(`{ ${viewers(30)} }`)).toBeUndefined();
  expect(await codeOf(`{ ${viewers(31)} }`)).toBe("GRAPHQL_VALIDATION_FAILED");
  const fragments = `fragment A on Query { ${viewers(15)} ... on Query { b: viewer { kind } } }`;
  expect(await codeOf(`{ ...A ${viewers(14)} } ${fragments}`)).toBeUndefined();
  expect(await codeOf(`{ ...A ...A } ${fragments}`)).toBe("GRAPHQL_VALIDATION_FAILED");
});

test("a page has 1 to 200 rows, wherever it is asked for", async () => {
  const app = await server.current.newApp();
  await app.key({});
  const lists = [
    `apps(first: $first) { nodes { id } }`,
    `scopes(appId: "${app.id}", first: $first) { nodes { id } }`,
    `scopes(appId: "${app.id}", first: 2) { nodes { apiKeys(first: $first) { nodes { id } } } }`,
  ];
  for (const list of lists) {
    const query = `query ($first: Int) { ${list} }`;
    for (const first of [1, 200]) expect(await codeOf(query, { first })).toBeUndefined();
    for (const first of [0, 201, -1, null, 2_147_483_647]) {
      const [error] = await server.current.admin.errors(query, { first });
      expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field: "first" }] });
      expect(await codeOf(`{ ${list.replace("$first", String(first))} }`)).toBe("BAD_USER_INPUT");
    }
    for (const first of [1.5, "10", true, 2_147_483_648]) expect(await codeOf(query, { first })).toBe("BAD_USER_INPUT");
    expect(
      await codeOf(`query { ${list.replace("(first: $first)", "").replace(", first: $first", "")} }`),
    ).toBeUndefined();
  }
});

test("all pages of an operation together have at most 10,000 rows", async () => {
  const app = await server.current.newApp();
  const query = `query ($outer: Int, $inner: Int, $with: Boolean = true, $other: Int = 1) {
    scopes(appId: "${app.id}", first: $outer) {
      nodes { apiKeys(first: $inner) @include(if: $with) { nodes { id } } }
    }
    apps(first: $other) { nodes { id } }
  }`;
  expect(await codeOf(query, { outer: 99, inner: 100 })).toBeUndefined();
  expect(await codeOf(query, { outer: 100, inner: 100 })).toBe("BAD_USER_INPUT");
  expect(await codeOf(query, { outer: 200, inner: 200, with: false })).toBeUndefined();
  expect(await codeOf(query, { outer: 190 })).toBeUndefined();
  expect(await codeOf(query, { outer: 200 })).toBe("BAD_USER_INPUT");

  const [error] = await server.current.admin.errors(query, { outer: 200, inner: 200, other: -200 });
  expect(error?.message).toMatch(/^This operation asks for up to 40400 objects in lists/);
  for (const outer of [null, "10", 201]) {
    const [tooMuch] = await server.current.admin.errors(query, { outer, inner: 200 });
    expect(tooMuch?.message).toMatch(/^This operation asks for up to 40201 objects in lists/);
  }
  const [none] = await server.current.admin.errors(query, { outer: 0, inner: 200 });
  expect(none?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field: "first" }] });
});

test("all that is asked of the rows of an operation is bounded as well", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const query = (fields: string) => `{ sessions(first: 200) { nodes { ${fields} } } }`;
  expect(await codeOf(query("runs(first: 4) { nodes { citations { quote } } }"), {}, key)).toBeUndefined();
  const fragments = (width: number) => `fragment F on Document { ${aliases(width, () => "id")} }`;
  expect(await codeOf(query(aliases(20, () => "app { name }")), {}, key)).toBeUndefined();
  // 200 times `nodes`, `documents` and what is beside it, and 4,000 times what is asked of a document.
  const beside = (width: number) => query(`${aliases(width, () => "id")} documents { ...F }`);
  expect(await codeOf(`${beside(18)} ${fragments(49)}`, {}, key)).toBeUndefined();
  expect(await codeOf(`${beside(19)} ${fragments(49)}`, {}, key)).toBe("BAD_USER_INPUT");

  const [error] = await key.errors(`${query("documents { ...F }")} ${fragments(60)}`);
  expect(error?.extensions.code).toBe("BAD_USER_INPUT");
  expect(error?.message).toMatch(/^This operation asks for up to 2\d{5} fields of objects in lists/);
});

test("the whole schema can be introspected, but not many times over", async () => {
  const key = await (await server.current.newApp()).key({});
  const whole = getIntrospectionQuery({
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    schemaDescription: true,
    inputValueDeprecation: true,
    oneOf: true,
  });
  expect((await key.data(whole)).__schema.types.length).toBeGreaterThan(50);

  const types = Array.from(
    { length: 3 },
    (_, i) => `fragment F${i} on __Type { ${aliases(50, () => `ofType { ...F${i + 1} }`)} }`,
  );
  const bomb = `{ __schema { types { fields { type { ...F0 } } } } } ${types.join(" ")} fragment F3 on __Type { name }`;
  const blocked = await blockedBy(async () => expect(await codeOf(bomb, {}, key)).toBe("GRAPHQL_VALIDATION_FAILED"));
  expect(blocked).toBeLessThan(tooLong);
});

test.each([
  ["that double what they hold", (i: number) => `viewer { ...F${i + 1} } b: viewer { ...F${i + 1} }`, "Query"],
  ["that are put in twice each", (i: number) => `...F${i + 1} ... on Viewer { ...F${i + 1} }`, "Viewer"],
])("fragments %s are counted wherever they are put in, without going there", async (_, inner, type) => {
  const count = 60;
  const chain = Array.from({ length: count }, (_each, i) => `fragment F${i} on ${type} { ${inner(i)} }`).join(" ");
  const query = `${type === "Query" ? "{ ...F0 }" : "{ viewer { ...F0 } }"} ${chain} fragment F${count} on ${type} { __typename }`;
  const blocked = await blockedBy(async () => expect(await codeOf(query)).toBe("GRAPHQL_VALIDATION_FAILED"));
  expect(blocked).toBeLessThan(tooLong);
});

test("fragments in a circle are refused", async () => {
  const circle = `{ viewer { ...A } } fragment A on Viewer { kind ...B } fragment B on Viewer { ...A }`;
  expect(await codeOf(circle)).toBe("GRAPHQL_VALIDATION_FAILED");
});

test("a long document is answered without keeping others waiting", async () => {
  const names = Array.from({ length: 14 }, (_, i) => `${"n".repeat(210)}${i}: name`).join(" ");
  const query = `{ ${aliases(30, () => `viewer { ${names} }`)} }`;
  expect(query.length).toBeGreaterThan(90_000);
  const blocked = await blockedBy(async () => {
    const data = await server.current.admin.data(query);
    expect(Object.values(data).flatMap((each) => Object.values(each as object))).toHaveLength(30 * 14);
  });
  expect(blocked).toBeLessThan(tooLong);
});

test("fields that may differ from each other are compared without keeping others waiting", async () => {
  const spreads = Array.from({ length: 150 }, (_, i) => `...F${i}`).join(" ");
  const fragments = Array.from({ length: 150 }, (_, i) => `fragment F${i} on Viewer { kind name }`).join(" ");
  for (const query of [`{ viewer { ${spreads} } } ${fragments}`, `{ viewer { ${"app { id } ".repeat(480)} } }`]) {
    expect(await blockedBy(() => codeOf(query))).toBeLessThan(tooLong);
  }
});

test.each<[name: string, query: string, value: () => unknown]>([
  [
    "fields",
    `query ($v: SessionFilter) { sessions(appId: "none", filter: $v) { nodes { id } } }`,
    () => Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`k${i}`, 1])),
  ],
  [
    "entries",
    `mutation ($v: PermissionsInput!) { createScope(input: { appId: "none", name: "a", permissions: $v }) { scope { id } } }`,
    () => ({ runtime: Array(140_000).fill("RUM") }),
  ],
])("of a hundred thousand faulty %s a few are named, without keeping others waiting", async (_, query, value) => {
  const v = value();
  let faults: unknown[] = [];
  const blocked = await blockedBy(async () => {
    const [error] = await server.current.admin.errors(query, { v });
    expect(error?.extensions.code).toBe("BAD_USER_INPUT");
    faults = error?.extensions["fields"] as unknown[];
  });
  expect(faults).toHaveLength(20);
  expect(blocked).toBeLessThan(tooLong);
});

test("what is nested deeper than anybody needs is refused where it would be kept, and ignored elsewhere", async () => {
  const send = (query: string, name: string) =>
    server.current.admin
      .post()
      .set("content-type", "application/json")
      .send(
        `{"query":${JSON.stringify(query)},"variables":{"${name}":{"a":${"[".repeat(400_000)}${"]".repeat(400_000)}}}}`,
      );
  const create = `mutation ($m: JSONObject) { createSession(input: { appId: "none", metadata: $m }) { session { id } } }`;
  expect((await send(create, "m")).body.errors[0].extensions.code).toBe("BAD_USER_INPUT");
  expect((await send(`{ viewer { kind } }`, "unknown")).body).toEqual({ data: { viewer: { kind: "ADMIN" } } });
});
