import { insertSessions } from "../../support/bulk-rows";
import type { Client, GraphQLAnswer } from "../../support/client";
import { useServer } from "../../support/server";
import { requestStatementsOf } from "../../support/statements";

const server = useServer();

const query = `query ($first: Int, $after: String, $last: Int, $before: String) {
  sessions(first: $first, after: $after, last: $last, before: $before) {
    nodes { id }
    edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    totalCount
    totalCountIsExact
  }
}`;

const pageOf = async (client: Client, variables: object) => (await client.data(query, variables)).sessions;
const idsOf = ({ nodes }: { nodes: { id: string }[] }) => nodes.map(({ id }) => id);

test("a list is read backwards as forwards, and each page says whether the list goes on at both of its ends", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const newestFirst: string[] = [];
  for (let i = 0; i < 7; i++) newestFirst.unshift(await app.session());

  const forwards: string[] = [];
  let page = await pageOf(key, { first: 3 });
  expect(page.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
  for (;;) {
    forwards.push(...idsOf(page));
    if (!page.pageInfo.hasNextPage) break;
    page = await pageOf(key, { first: 3, after: page.pageInfo.endCursor });
    expect(page.pageInfo.hasPreviousPage).toBe(true);
  }
  expect(forwards).toEqual(newestFirst);

  const backwards: string[] = [];
  page = await pageOf(key, { last: 3 });
  expect(page.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
  for (;;) {
    backwards.unshift(...idsOf(page));
    if (!page.pageInfo.hasPreviousPage) break;
    page = await pageOf(key, { last: 3, before: page.pageInfo.startCursor });
    expect(page.pageInfo.hasNextPage).toBe(true);
  }
  expect(backwards).toEqual(newestFirst);
});

test("edges are the nodes with their cursors, between which a page can be read", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  for (let i = 0; i < 5; i++) await app.session();
  const { nodes, edges, pageInfo, ...counts } = await pageOf(key, { first: 50 });

  expect(edges.map(({ node }: { node: object }) => node)).toEqual(nodes);
  const cursors = edges.map(({ cursor }: { cursor: string }) => cursor);
  expect(pageInfo).toMatchObject({ startCursor: cursors[0], endCursor: cursors[4] });
  expect(counts).toEqual({ totalCount: 5, totalCountIsExact: true });
  const between = await pageOf(key, { first: 10, after: cursors[0], before: cursors[4] });
  expect(between.nodes).toEqual(nodes.slice(1, 4));
  // Of both, `last` counts.
  expect((await pageOf(key, { first: 4, last: 2, before: cursors[4] })).nodes).toEqual(nodes.slice(2, 4));
  expect((await pageOf(key, { first: null, last: 2 })).nodes).toEqual(nodes.slice(3));
  const none = await pageOf(key, { after: cursors[4] });
  expect(none.nodes).toEqual([]);
  expect(none.pageInfo).toEqual({ hasNextPage: false, hasPreviousPage: true, startCursor: null, endCursor: null });
});

test("lists within lists are read backwards too, each for itself", async () => {
  const app = await server.current.newApp();
  const agentId = await app.agent();
  const runs = new Map<string, string[]>();
  for (const reference of ["a", "b"]) {
    for (let i = 0; i < 3; i++) {
      const { id, sessionId } = await app.run({ agentId, session: { reference } });
      runs.set(sessionId, [id, ...(runs.get(sessionId) ?? [])]);
    }
  }
  const key = await app.key();
  const { sessions } = await key.data(
    `{ sessions { nodes { id runs(last: 2) { nodes { id } pageInfo { hasPreviousPage } } messages(first: 2) { nodes { role } pageInfo { hasNextPage } } } } }`,
  );
  expect(sessions.nodes).toHaveLength(2);
  for (const { id, runs: page, messages } of sessions.nodes) {
    expect(idsOf(page)).toEqual(runs.get(id)?.slice(-2));
    expect(page.pageInfo.hasPreviousPage).toBe(true);
    expect(messages).toEqual({ nodes: [{ role: "USER" }, { role: "AGENT" }], pageInfo: { hasNextPage: true } });
  }
});

test("an invalid `last` and a made-up cursor are refused by their names", async () => {
  const key = await (await server.current.newApp()).key();
  for (const [field, variables] of [
    ["last", { last: 0 }],
    ["last", { last: 201 }],
    ["after", { after: "nonsense" }],
    ["before", { last: 1, before: "nonsense" }],
  ] as const) {
    const [error] = await key.errors(query, variables);
    expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field }] });
  }
});

test("a list is counted exactly up to 10,000, and once whatever number of names its count has", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  await insertSessions(server.current, app.id, 10_000);
  expect(await pageOf(key, { first: 1 })).toMatchObject({ totalCount: 10_000, totalCountIsExact: true });
  await app.session();
  expect(await pageOf(key, { first: 1 })).toMatchObject({ totalCount: 10_000, totalCountIsExact: false });

  const names = Array.from({ length: 15 }, (_, i) => `count${i}: totalCount exact${i}: totalCountIsExact`);
  const statements = await requestStatementsOf(() => key.data(`{ sessions(first: 1) { ${names.join(" ")} } }`));
  const counts = statements.filter((statement) => /COUNT\(\*\) AS total/.test(statement));
  expect(counts).toHaveLength(1);
  expect(counts[0]).toContain("LIMIT 10001");
});

test("a count weighs like a page in the size of an operation, once for its page", async () => {
  const key = await (await server.current.newApp()).key();
  const counted = (names: string) => `{ sessions(first: 200) { nodes { runs(first: 49) { nodes { id } } } ${names} } }`;
  expect(await key.code(counted("totalCount"))).toBe("BAD_USER_INPUT");
  const once = `{ sessions(first: 200) { nodes { runs(first: 48) { nodes { id } } } a: totalCount b: totalCount c: totalCount d: totalCount } }`;
  expect(await key.code(once)).toBeUndefined();
  expect(await key.code(`{ sessions(last: 200) { nodes { runs(last: 200) { nodes { id } } } } }`)).toBe(
    "BAD_USER_INPUT",
  );
  const variable = `query ($last: Int) { sessions(first: 2, last: $last) { nodes { runs(first: 200) { nodes { id } } } } }`;
  expect(await key.code(variable, {})).toBeUndefined();
  expect(await key.code(variable, { last: null })).toBeUndefined();
  expect(await key.code(variable, { last: 100 })).toBe("BAD_USER_INPUT");
});

test("a page of very large rows is shorter than requested and says that the list goes on, until all rows were read", async () => {
  const app = await server.current.newApp();
  const instructions = "\u{1f33e}".repeat(50_000);
  const ids: string[] = [];
  for (let i = 0; i < 45; i++) ids.push(await app.agent({ instructions }));
  const key = await app.key();
  const read: string[] = [];
  const lengths: number[] = [];
  let after: string | null = null;
  do {
    const { agents } = await key.data(
      `query ($after: String) {
        agents(first: 200, after: $after) { nodes { id instructions } pageInfo { hasNextPage endCursor } }
      }`,
      { after },
    );
    read.push(...idsOf(agents));
    lengths.push(agents.nodes.length);
    after = agents.pageInfo.hasNextPage ? agents.pageInfo.endCursor : null;
  } while (after !== null);
  expect(read).toEqual(ids);
  // Somewhat more than 200,000 bytes each.
  expect(lengths).toEqual([39, 6]);
  // Columns that nobody asks for are not read.
  const whole = await key.data(`{ agents(first: 200) { nodes { id } } }`);
  expect(idsOf(whole.agents)).toEqual(ids);
});

test("a page has what an operation requests of its elements, however its fields are spread over fragments", async () => {
  const app = await server.current.newApp();
  const [one, two] = [await app.agent({ description: "the first" }), await app.agent({ description: "the second" })];
  const key = await app.key();
  const document = `
    query Narrow { ...Names }
    query Wide { ...Names agents { nodes { description } edges { node { ...Times app { id } } } } }
    fragment Names on Query { agents { nodes { name: id } } }
    fragment Times on Agent { ... on Agent { createdAt instructions } }`;
  const ask = async (operationName: string) => {
    const { body } = await key.send(document, undefined, { operationName });
    return (body as GraphQLAnswer).data;
  };
  const narrow = await ask("Narrow");
  expect(narrow.agents.nodes).toEqual([{ name: one }, { name: two }]);
  for (let i = 0; i < 2; i++) {
    const { agents } = await ask("Wide");
    expect(agents.nodes).toEqual([
      { name: one, description: "the first" },
      { name: two, description: "the second" },
    ]);
    const node = { createdAt: expect.any(String), instructions: expect.any(String), app: { id: app.id } };
    expect(agents.edges).toEqual([{ node }, { node }]);
  }
  const last = await key.data(
    `query ($before: String) { agents(last: 1, before: $before) { nodes { id } pageInfo { hasPreviousPage hasNextPage } } }`,
  );
  expect(last.agents).toEqual({ nodes: [{ id: two }], pageInfo: { hasPreviousPage: true, hasNextPage: false } });
});

test("the keys of a scope are listed by the app that it belongs to, and by status", async () => {
  const app = await server.current.newApp();
  const other = await server.current.newApp();
  const scopeId = await app.scope({});
  const [one, two] = [await app.key(scopeId), await app.key(scopeId)];
  const { admin } = server.current;
  await admin.data(`mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }`, { id: one.keyId });
  const keys = async (appId: string, status?: string) => {
    const { apiKeys } = await admin.data(
      `query ($appId: ID!, $scopeId: ID, $status: ApiKeyStatus) { apiKeys(appId: $appId, scopeId: $scopeId, status: $status) { nodes { id } } }`,
      { appId, scopeId, status },
    );
    return idsOf(apiKeys);
  };
  expect(await keys(app.id)).toEqual([two.keyId, one.keyId]);
  expect(await keys(app.id, "ACTIVE")).toEqual([two.keyId]);
  expect(await keys(app.id, "REVOKED")).toEqual([one.keyId]);
  expect(await keys(other.id)).toEqual([]);
});
