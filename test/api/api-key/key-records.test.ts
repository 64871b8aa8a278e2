import { randomUUID } from "node:crypto";
import type { Client } from "../../support/client";
import { useServer } from "../../support/server";
import type { TestApp } from "../../support/test-app";

const server = useServer();

const record = `id name description owner environment tags createdBy lastUsedFrom revokedBy revokedReason`;
const createApiKey = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { ${record} } } }`;
const updateApiKey = `mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { ${record} } } }`;
const revokeApiKey = `mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { apiKey { ${record} } } }`;
const apiKeys = `query ($appId: ID!, $filter: ApiKeyFilter, $orderBy: ApiKeyOrder, $first: Int, $after: String, $last: Int, $before: String) {
  apiKeys(appId: $appId, filter: $filter, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
    nodes { name } edges { cursor } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;

async function newKey(app: TestApp, input: object): Promise<{ id: string; name: string; scopeId: string }> {
  const scopeId = await app.scope({});
  const { createApiKey: created } = await server.current.admin.data(createApiKey, {
    input: { scopeId, name: `key ${randomUUID()}`, ...input },
  });
  return { ...created.apiKey, scopeId };
}

const list = async (admin: Client, appId: string, args: object = {}) =>
  (await admin.data(apiKeys, { appId, ...args })).apiKeys;
const fieldsOf = (error: { extensions: Record<string, unknown> } | undefined) =>
  error?.extensions["fields"] as { field: string; message: string }[];
const namesIn = ({ nodes }: { nodes: { name: string }[] }): string[] => nodes.map(({ name }) => name);

test("what is known about a key is stored with it, changed by an update, and removed by null", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const scopeId = await app.scope({});
  const input = {
    scopeId,
    name: "web",
    description: "The shop.",
    owner: " Team Shop ",
    environment: "production",
    tags: ["eu", " eu ", "shop"],
  };
  const { createApiKey: created } = await admin.data(createApiKey, { input });
  expect(created.apiKey).toEqual({
    id: expect.any(String),
    name: "web",
    description: "The shop.",
    owner: "Team Shop",
    environment: "production",
    tags: ["eu", "shop"],
    createdBy: "administrator",
    lastUsedFrom: null,
    revokedBy: null,
    revokedReason: null,
  });

  const { id } = created.apiKey;
  const update = async (changes: object) =>
    (await admin.data(updateApiKey, { input: { id, ...changes } })).updateApiKey;
  expect((await update({ name: "web 2" })).apiKey).toEqual({ ...created.apiKey, name: "web 2" });
  const removed = { owner: null, environment: null, description: "", tags: [] };
  expect((await update(removed)).apiKey).toMatchObject({ ...removed, name: "web 2" });
  expect(namesIn(await list(admin, app.id, { filter: { tag: "eu" } }))).toEqual([]);

  const { revokeApiKey: revoked } = await admin.data(revokeApiKey, { input: { id, reason: "The team is gone." } });
  expect(revoked.apiKey).toMatchObject({ revokedBy: "administrator", revokedReason: "The team is gone." });
  const { revokeApiKey: again } = await admin.data(revokeApiKey, { input: { id, reason: "Another reason." } });
  expect(again).toEqual(revoked);
});

test("a key has at most 20 tags of at most 64 characters, and texts of bounded length", async () => {
  const app = await server.current.newApp();
  const scopeId = await app.scope({});
  const tags = Array.from({ length: 21 }, (_, i) => `tag ${i}`);
  const fields = { tags, owner: "o".repeat(121), environment: "", description: "d".repeat(2_001) };
  for (const [field, value] of [...Object.entries(fields), ["tags", ["t".repeat(65)]], ["tags", ["a\nb"]]] as const) {
    const [error] = await server.current.admin.errors(createApiKey, { input: { scopeId, name: "k", [field]: value } });
    expect([field, fieldsOf(error)[0]?.field]).toEqual([field, `input.${field}`]);
  }
  await newKey(app, { tags: tags.slice(1).map((tag) => tag.padEnd(64, "é")), description: "😀".repeat(2_000) });
});

test("keys are found by each field of a filter, and by all of them together", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const other = await server.current.newApp();
  const web = { name: "Web Shop", owner: "Ada", environment: "production", tags: ["eu", "shop"] };
  const { id, scopeId } = await newKey(app, web);
  await newKey(app, { name: "till", owner: "Eve", environment: "staging", tags: ["shop"] });
  await newKey(app, { name: "batch" });
  await newKey(other, web);
  await admin.data(revokeApiKey, { input: { id } });
  await server.current.sql(`UPDATE api_key SET lastUsedAt = '2026-01-01 00:00:00.000' WHERE id = '${id}'`);

  const found = async (filter: object) => namesIn(await list(admin, app.id, { filter }));
  const each = {
    search: "b sh",
    scopeId,
    status: "REVOKED",
    tag: "eu",
    owner: "Ada",
    environment: "production",
    unusedSinceDays: 30,
    neverUsed: false,
  };
  for (const [field, value] of Object.entries(each)) {
    expect({ [field]: await found({ [field]: value }) }).toEqual({ [field]: ["Web Shop"] });
  }
  expect(await found(each)).toEqual(["Web Shop"]);
  expect(await found({ ...each, tag: "us" })).toEqual([]);
  expect(await found({ tag: "shop" })).toEqual(["till", "Web Shop"]);
  expect(await found({ neverUsed: true })).toEqual(["batch", "till"]);
  expect(await found({ unusedSinceDays: 1, neverUsed: true })).toEqual([]);
  expect(await found({ search: null, tag: null, neverUsed: null })).toEqual(["batch", "till", "Web Shop"]);
  for (const search of ["WEB", "ada", "PRODUCT", "latchkey_"]) expect(await found({ search })).toContain("Web Shop");
  for (const search of ["%", "_%", "Ada production x"]) expect(await found({ search })).toEqual([]);
  expect(
    await admin.code(`{ apiKeys(appId: "${app.id}", status: ACTIVE, filter: { status: ACTIVE }) { totalCount } }`),
  ).toBe("BAD_USER_INPUT");
});

test("keys are sorted by name and by last use, in both directions, and pages continue in that order", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const scopes = [await app.scope({}), await app.scope({})];
  const names = ["b", "a", "c", "Z", "b"];
  for (const [i, name] of names.entries()) {
    const { createApiKey: created } = await admin.data(createApiKey, {
      input: { scopeId: scopes[i === 4 ? 1 : 0], name },
    });
    const at = `2030-01-0${((i * 2) % 5) + 1} 00:00:00.000`;
    await server.current.sql(`UPDATE api_key SET lastUsedAt = '${at}' WHERE id = '${created.apiKey.id}'`);
  }
  const orders = [
    [{ field: "CREATED_AT" }, ["b", "a", "c", "Z", "b"]],
    [{ field: "NAME" }, ["Z", "a", "b", "b", "c"]],
    [{ field: "LAST_USED_AT" }, ["b", "Z", "a", "b", "c"]],
  ] as const;
  for (const [order, sorted] of orders) {
    for (const direction of ["ASC", "DESC"]) {
      const orderBy = { ...order, direction };
      const expected = direction === "ASC" ? [...sorted] : [...sorted].reverse();
      expect({ orderBy, names: namesIn(await list(admin, app.id, { orderBy })) }).toEqual({ orderBy, names: expected });

      const forwards: string[] = [];
      for (let after: string | null = null, hasNext = true; hasNext;) {
        const page: any = await list(admin, app.id, { orderBy, first: 2, after });
        expect(page.totalCount).toBe(5);
        forwards.push(...namesIn(page));
        ({ endCursor: after, hasNextPage: hasNext } = page.pageInfo);
      }
      expect(forwards).toEqual(expected);
      const backwards: string[] = [];
      for (let before: string | null = null, hasPrevious = true; hasPrevious;) {
        const page: any = await list(admin, app.id, { orderBy, first: null, last: 2, before });
        backwards.unshift(...namesIn(page));
        ({ startCursor: before, hasPreviousPage: hasPrevious } = page.pageInfo);
      }
      expect(backwards).toEqual(expected);
    }
  }
  const { pageInfo } = await list(admin, app.id, { orderBy: { field: "NAME" }, first: 1 });
  const [error] = await admin.errors(apiKeys, { appId: app.id, after: pageInfo.endCursor });
  expect(fieldsOf(error)).toEqual([{ field: "after", message: "must be a cursor of this list" }]);
});

test("a scope has tags, which an update replaces", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const { createScope } = await admin.data(
    `mutation ($input: CreateScopeInput!) { createScope(input: $input) { scope { id tags } } }`,
    { input: { appId: app.id, name: "s", permissions: {}, tags: ["b", "a", "b"] } },
  );
  const { id, tags } = createScope.scope;
  expect(tags).toEqual(["b", "a"]);
  const update = `mutation ($input: UpdateScopeInput!) { updateScope(input: $input) { scope { tags } } }`;
  const after = async (changes: object) =>
    (await admin.data(update, { input: { id, ...changes } })).updateScope.scope.tags;
  expect(await after({ name: "t" })).toEqual(["b", "a"]);
  expect(await after({ tags: ["c"] })).toEqual(["c"]);
  expect(await after({ tags: [] })).toEqual([]);
  expect((await admin.data(`{ scope(id: "${await app.scope({})}") { tags } }`)).scope.tags).toEqual([]);
});
