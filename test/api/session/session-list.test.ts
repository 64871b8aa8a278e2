import { setTimeout as delay } from "node:timers/promises";
import { timeOf } from "../../../src/platform/database/ids";
import type { Client } from "../../support/client";
import { useServer } from "../../support/server";

const server = useServer();

async function list(client: Client, filter: object | null, more: object = {}): Promise<string[]> {
  const query = `query ($filter: SessionFilter, $appId: ID) { sessions(filter: $filter, appId: $appId) { nodes { id } totalCount } }`;
  const { sessions } = await client.data(query, { filter, ...more });
  expect(sessions.totalCount).toBe(sessions.nodes.length);
  return sessions.nodes.map(({ id }: { id: string }) => id);
}

test("a list has the sessions of the caller's app, newest first", async () => {
  const [app, other] = [await server.current.newApp(), await server.current.newApp()];
  const ids = [await app.session(), await app.session(), await app.session()];
  await other.session();
  const key = await app.key({ runtime: ["SESSION_VIEW"] });

  expect(await list(key, null)).toEqual([...ids].reverse());
  expect(await list(key, {}, { appId: app.id })).toEqual([...ids].reverse());
  expect(await list(server.current.admin, {}, { appId: app.id })).toEqual([...ids].reverse());
});

test("a filter applies all fields that it has, and ignores the ones that it does not have", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const [one, two, three] = [
    await app.session({ reference: "r", userReference: "ada" }),
    await app.session({ reference: "s", userReference: "ada" }),
    await app.session({ userReference: "eve" }),
  ];
  await key.data(`mutation { terminateSession(input: { reference: "r", userReference: "ada" }) { session { id } } }`);
  const again = await app.session({ reference: "r", userReference: "eve" });

  expect(await list(key, { status: "TERMINATED" })).toEqual([one]);
  expect(await list(key, { status: "ACTIVE" })).toEqual([again, three, two]);
  expect(await list(key, { reference: "r" })).toEqual([again, one]);
  expect(await list(key, { reference: "r", status: "ACTIVE" })).toEqual([again]);
  expect(await list(key, { userReference: "ada" })).toEqual([two, one]);
  expect(await list(key, { userReference: "ada", reference: "r" })).toEqual([one]);
  expect(await list(key, { userReference: "ada", reference: "r", status: "ACTIVE" })).toEqual([]);
  expect(await list(key, { reference: null, status: null, userReference: null })).toHaveLength(4);
});

test("a filter by time is exclusive, and accepts any time zone", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const ids: string[] = [];
  for (let i = 0; i < 3; i++) {
    const id = await app.session();
    ids.push(id);
    // The clock of the system may be set back.
    while (Date.now() <= timeOf(id).getTime()) await delay(5);
  }
  const [one, two, three] = ids;
  const query = `{ sessions { nodes { createdAt } } }`;
  const [, at] = (await key.data(query)).sessions.nodes.map(({ createdAt }: { createdAt: string }) => createdAt);
  const elsewhere = new Date(Date.parse(at) + 9 * 3_600_000).toISOString().replace("Z", "+09:00");

  for (const moment of [at, elsewhere]) {
    expect(await list(key, { createdAfter: moment })).toEqual([three]);
    expect(await list(key, { createdBefore: moment })).toEqual([one]);
  }
  const [before, after] = [-1, 1].map((ms) => new Date(Date.parse(at) + ms).toISOString());
  expect(await list(key, { createdAfter: before, createdBefore: after })).toEqual([two]);
  expect(await list(key, { createdAfter: before, createdBefore: after, status: "TERMINATED" })).toEqual([]);
  expect(await list(key, { createdAfter: after, createdBefore: before })).toEqual([]);
});

test("pages of a filtered list contain each session once while sessions are opened, and totalCount has all pages", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) {
    ids.unshift(await app.session({ userReference: "ada" }));
    await app.session({ userReference: "eve" });
  }
  const query = `query ($after: String) {
    sessions(filter: { userReference: "ada" }, first: 2, after: $after) {
      nodes { id } pageInfo { hasNextPage endCursor } totalCount
    }
  }`;
  const found: string[] = [];
  let page: any;
  do {
    page = (await key.data(query, { after: page?.pageInfo.endCursor })).sessions;
    found.push(...page.nodes.map(({ id }: { id: string }) => id));
    await app.session({ userReference: "ada" });
  } while (page.pageInfo.hasNextPage);
  expect(found).toEqual(ids);
  expect(page.totalCount).toBe(7);
});

test("an invalid text in the filter or in an argument is refused with its path", async () => {
  const { admin } = server.current;
  const query = `query ($filter: SessionFilter, $appId: ID, $first: Int) {
    sessions(filter: $filter, appId: $appId, first: $first) { nodes { id } }
  }`;
  const { id: appId } = await server.current.newApp();
  for (const [field, variables] of [
    ["filter.reference", { filter: { reference: "a\0b" } }],
    ["first", { first: 0 }],
  ] as const) {
    const [error] = await admin.errors(query, { appId, ...variables });
    expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field }] });
  }
});
