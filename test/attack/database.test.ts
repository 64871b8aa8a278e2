import { assertDisclosesNothing, maxHoldMs, useAttackedServer } from "../support/attack";
import { insertSessions } from "../support/bulk-rows";
import type { KeyHolder, TestApp } from "../support/test-app";

const server = useAttackedServer();
const rows = 40_000;
/** Each of many answers may leave this behind. */
const maxKeptBytes = 30_000_000;

let app: TestApp;
let key: KeyHolder;
let other: KeyHolder;
let ids: string[];
beforeAll(async () => {
  app = await server.current.newApp();
  [key, other] = [await app.key(), await (await server.current.newApp()).key()];
  // One in 20,000 is terminated, so that a filter by status has to look for them.
  ids = await insertSessions(server.current, app.id, rows, (i) => (i % 20_000 === 7 ? "TERMINATED" : "ACTIVE"));
  await key.data(`{ sessions(first: 1) { totalCount } }`);
});

/** Sends an operation that answers with data, and checks that the event loop was not held. */
async function ask(query: string, variables: object = {}): Promise<any> {
  const { result, longestHoldMs } = await server.current.observe(() => key.send(query, variables));
  assertDisclosesNothing(result);
  expect(result.body.errors).toBeUndefined();
  expect(longestHoldMs).toBeLessThan(maxHoldMs);
  return result.body.data;
}

test("the count of a list under many names is one bounded count", async () => {
  const names = Array.from({ length: 18 }, (_, i) => `c${i}: totalCount`).join(" ");
  const { sessions } = await ask(`{ sessions(first: 1) { ${names} totalCountIsExact } }`);
  expect(sessions).toMatchObject({ c0: 10_000, c17: 10_000, totalCountIsExact: false });
});

test("a filter that few rows match finds them, and counts them", async () => {
  const { sessions } = await ask(`{ sessions(filter: { status: TERMINATED }) { nodes { id } totalCount } }`);
  expect(sessions).toEqual({ nodes: [20_007, 7].map((i) => ({ id: ids[i] })), totalCount: 2 });
});

test("a filter by time that matches nothing, or all, looks at no more than a page", async () => {
  const query = `query ($filter: SessionFilter) { sessions(first: 1, filter: $filter) { nodes { id } totalCount } }`;
  for (const [filter, total] of [
    [{ createdAfter: "2999-01-01T00:00:00Z" }, 0],
    [{ createdBefore: "1969-01-01T00:00:00Z" }, 0],
    [{ createdAfter: "1999-01-01T00:00:00Z", createdBefore: "2999-01-01T00:00:00Z" }, 10_000],
    [{ createdAfter: "1999-01-01T00:00:00Z", status: "TERMINATED" }, 2],
  ] as const) {
    expect((await ask(query, { filter })).sessions.totalCount).toBe(total);
  }
});

test("the end of a long list is as near as its start", async () => {
  const { sessions } = await ask(`{ sessions(last: 2) { nodes { id } } }`);
  expect(sessions.nodes).toEqual([{ id: ids[1] }, { id: ids[0] }]);
});

test("a page of 200 rows with lists within, under several names, is answered", async () => {
  const list = (name: string) =>
    `${name}: sessions(first: 200) { nodes { id runs(first: 5) { nodes { id } } messages(first: 5) { nodes { id } } } }`;
  const data = await ask(`{ ${list("a")} ${list("b")} }`);
  expect(data.b.nodes).toHaveLength(200);
});

test("many counts at once by one app hold neither the event loop nor another app's queries, and leave nothing", async () => {
  const query = `query ($first: Int) { sessions(first: $first) { nodes { id } totalCount } }`;
  const { result, longestHoldMs, keptBytes } = await server.current.observe(async () => {
    const progress = { isOver: false };
    const attack = Promise.all(Array.from({ length: 120 }, (_, i) => key.send(query, { first: 1 + (i % 20) }))).finally(
      () => (progress.isOver = true),
    );
    const answers: unknown[] = [];
    while (!progress.isOver) answers.push((await other.send(`{ sessions { totalCount } }`)).body);
    const { body } = await server.current.admin.send(`{ apps { totalCount } }`);
    return { attacked: await attack, answers, administrator: body.errors };
  });
  for (const { status } of result.attacked) expect([200, 503]).toContain(status);
  expect(result.answers.length).toBeGreaterThan(0);
  expect(result.answers.filter((body) => (body as { errors?: unknown }).errors !== undefined)).toEqual([]);
  expect(result.administrator).toBeUndefined();
  expect(longestHoldMs).toBeLessThan(maxHoldMs);
  expect(keptBytes).toBeLessThan(maxKeptBytes);
});

test("many changes in one request let others in between", async () => {
  const agents = Array.from(
    { length: 15 },
    (_, i) => `a${i}: createSession(input: { reference: "r${i}" }) { session { id } }`,
  );
  const { result, longestHoldMs } = await server.current.observe(() =>
    Promise.all(Array.from({ length: 10 }, () => key.send(`mutation { ${agents.join(" ")} }`))),
  );
  for (const { status } of result) expect(status).toBe(200);
  expect(longestHoldMs).toBeLessThan(maxHoldMs);
});
