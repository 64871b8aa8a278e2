import type { Client } from "../../support/client";
import { eventually, execute } from "../../support/runs";
import { useServer } from "../../support/server";
import { statementsOf } from "../../support/statements";
import { overSse, overWebSocket } from "../../support/stream-clients";
import { TestModel } from "../../support/test-model";

const server = useServer({}, { "test:model": new TestModel() });

const counts = `requests refusals errors runs failedRuns inputTokens outputTokens duration { p50Ms p95Ms }`;
const usage = `query ($appId: ID!, $groupBy: [UsageGroup!]!, $apiKeyId: ID, $from: DateTime, $to: DateTime) {
  usage(appId: $appId, groupBy: $groupBy, apiKeyId: $apiKeyId, from: $from, to: $to) {
    from to dataSince hasMoreRows total { ${counts} }
    rows {
      from apiKeyId scopeId agentId permission field verdict
      operation { hash kind name requirements { field requires } } ${counts}
    }
  }
}`;

async function usageOf(appId: string, groupBy: readonly string[] = [], more: object = {}): Promise<any> {
  return (await server.current.admin.data(usage, { appId, groupBy, ...more })).usage;
}

/** Waits until so many requests are counted: a request is counted when its response was sent. */
async function counted(appId: string, requests: number): Promise<void> {
  await eventually(async () => (await usageOf(appId)).total.requests >= requests);
  expect((await usageOf(appId)).total.requests).toBe(requests);
}

const agents = `query Agents { agents { nodes { id } } }`;
const refused = `query Apps { apps { nodes { id } } }`;
const failing = `mutation { terminateSession(input: { id: "none" }) { session { id } } }`;
const send = async (client: Client, ...queries: string[]) => {
  for (const query of queries) await client.send(query);
};

test("usage has the requests of each key by verdict, those with errors, and how long they took", async () => {
  const app = await server.current.newApp();
  const [one, other] = [await app.key(), await app.key({ agents: "VIEW" })];
  await send(one, agents, agents, failing, refused, "{ unknown }");
  await send(other, agents);
  await overWebSocket(other, agents);
  await overSse(other, agents);
  await counted(app.id, 8);

  const { total, rows } = await usageOf(app.id, ["KEY", "VERDICT"]);
  expect(total).toMatchObject({ requests: 8, refusals: 2, errors: 1, runs: 0 });
  expect(total.duration.p50Ms).toBeGreaterThan(0);
  expect(total.duration.p95Ms).toBeGreaterThanOrEqual(total.duration.p50Ms);
  const byVerdict = (keyId: string) =>
    Object.fromEntries(
      (rows as any[]).filter(({ apiKeyId }) => apiKeyId === keyId).map(({ verdict, requests }) => [verdict, requests]),
    );
  expect(byVerdict(one.keyId)).toEqual({ ALLOWED: 3, FORBIDDEN: 1, INVALID: 1 });
  expect(byVerdict(other.keyId)).toEqual({ ALLOWED: 3 });
  // Rows are not told apart by what was not asked for, and runs have no verdict.
  expect(rows[0]).toMatchObject({ scopeId: null, operation: null, from: null, runs: null });
});

test("an operation is one whatever values, aliases and white space it has, with what its fields require", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  await send(
    key,
    `query One { agent(id: "a") { id } }`,
    `query   One { renamed: agent(id: "b") { id } }`,
    `query One { ...F } fragment F on Query { agent(id: "c") { id } }`,
    `query Two { agents(first: 1) { nodes { id } } session(id: "s") { id messages { nodes { id } } } }`,
  );
  await counted(app.id, 4);
  const { rows } = await usageOf(app.id, ["OPERATION"]);
  expect(rows).toHaveLength(3);
  expect(rows[0]).toMatchObject({
    requests: 2,
    operation: { kind: "query", name: "One", requirements: [{ field: "Query.agent", requires: "VIEW" }] },
  });
  const two = (rows as any[]).find(({ operation }) => operation.name === "Two");
  expect(two.operation.requirements).toEqual([
    { field: "Query.agents", requires: "VIEW" },
    { field: "Query.session", requires: "SESSION_VIEW" },
    { field: "Session.messages", requires: "SESSION_VIEW" },
  ]);
});

test("a request counts for each permission and each field that its operation requires", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  await send(key, agents, agents, `{ agents { nodes { id } } session(id: "s") { messages { nodes { id } } } }`);
  await counted(app.id, 3);
  const pairs = async (group: string, name: string) =>
    Object.fromEntries(
      ((await usageOf(app.id, [group])).rows as any[]).map((row) => [row[name] as string, row.requests as number]),
    );
  expect(await pairs("PERMISSION", "permission")).toEqual({ VIEW: 3, SESSION_VIEW: 1 });
  expect(await pairs("FIELD", "field")).toEqual({ "Query.agents": 3, "Query.session": 1, "Session.messages": 1 });
});

test("runs and their tokens are counted by key, scope and agent", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const [agentId, adminsAgent] = [await app.agent(), await app.agent()];
  await execute(key, { agentId, text: "one" });
  await app.run({ agentId: adminsAgent });
  await eventually(async () => (await usageOf(app.id)).total.runs === 2);

  const byAgent = (await usageOf(app.id, ["KEY", "SCOPE", "AGENT"])).rows as any[];
  expect(byAgent).toHaveLength(2);
  expect(byAgent).toContainEqual(
    expect.objectContaining({ apiKeyId: key.keyId, scopeId: key.scopeId, agentId, runs: 1, requests: null }),
  );
  expect(byAgent).toContainEqual(
    expect.objectContaining({ apiKeyId: null, scopeId: null, agentId: adminsAgent, runs: 1 }),
  );
  const both = (await usageOf(app.id, ["SCOPE"])).rows as any[];
  expect(both.find(({ scopeId }) => scopeId === key.scopeId)).toMatchObject({ requests: 1, runs: 1 });
});

test("usage by the hour and the day is in the order of time, and says from when on it counts", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  await send(key, agents);
  await counted(app.id, 1);
  await server.current.sql(`UPDATE usage_requests SET hour = hour - 30 WHERE appId = '${app.id}'`);
  await send(key, agents);
  await counted(app.id, 2);

  const { rows, dataSince, from, to } = await usageOf(app.id, ["HOUR"]);
  expect(rows).toHaveLength(2);
  const [early, late] = (rows as any[]).map((row) => Date.parse(row.from as string));
  expect(Number(late) - Number(early)).toBeGreaterThanOrEqual(29 * 3_600_000);
  expect((await usageOf(app.id, ["DAY"])).rows).toHaveLength(2);
  for (const time of [from, to]) expect(Date.parse(time as string) % 3_600_000).toBe(0);
  const { app: created } = await server.current.admin.data(`query ($id: ID!) { app(id: $id) { createdAt } }`, {
    id: app.id,
  });
  expect(dataSince).toBe(created.createdAt);
  const nothing = await usageOf(app.id, [], { from: "2020-01-01T00:00:00Z", to: "2020-01-02T00:00:00Z" });
  expect(nothing.total.requests).toBe(0);
});

test("a period or a grouping that can't be counted is refused", async () => {
  const { id } = await server.current.newApp();
  const code = (groupBy: string[], more: object = {}) =>
    server.current.admin.code(usage, { appId: id, groupBy, ...more });
  expect(await code(["AGENT", "OPERATION"])).toBe("BAD_USER_INPUT");
  expect(await code([], { from: "2026-01-02T00:00:00Z", to: "2026-01-01T00:00:00Z" })).toBe("BAD_USER_INPUT");
  expect(await code(["HOUR"], { from: "2026-01-01T00:00:00Z", to: "2026-06-01T00:00:00Z" })).toBe("BAD_USER_INPUT");
  expect(await server.current.admin.code(usage, { appId: "none", groupBy: [] })).toBe("NOT_FOUND");
});

test("a key has its usage, with as many statements for many keys as for one", async () => {
  const app = await server.current.newApp();
  const keys = [await app.key(), await app.key(), await app.key()] as const;
  await send(keys[0], agents, refused);
  await counted(app.id, 2);
  const query = `query ($id: ID!) { apiKeys(appId: $id) { nodes { id usage { ${counts} } } } }`;
  const { apiKeys } = await server.current.admin.data(query, { id: app.id });
  const of = (id: string) => (apiKeys.nodes as any[]).find((node) => node.id === id).usage;
  expect(of(keys[0].keyId)).toMatchObject({ requests: 2, refusals: 1 });
  expect(of(keys[1].keyId)).toMatchObject({ requests: 0, duration: null });
  const statements = await statementsOf(() => server.current.admin.data(query, { id: app.id }));
  expect(statements.filter((each) => /usage_(requests|runs)/.test(each))).toHaveLength(2);
});

test("requests of administrators are not counted, and other apps are not mixed in", async () => {
  const [app, other] = [await server.current.newApp(), await server.current.newApp()];
  await send(server.current.admin, `query { agents(appId: "${app.id}") { nodes { id } } }`);
  await send(await other.key(), agents);
  await counted(other.id, 1);
  expect((await usageOf(app.id)).total.requests).toBe(0);
});

test("counts survive a restart, and a deleted app leaves none", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  await execute(key, { agentId: await app.agent(), text: "one" });
  await counted(app.id, 1);
  await server.current.restart();
  await send(key, agents);
  await counted(app.id, 2);
  await server.current.admin.data(`mutation ($id: ID!) { deleteApp(input: { id: $id }) { id } }`, { id: app.id });
  for (const table of ["usage_requests", "usage_runs", "usage_operation"]) {
    expect(await server.current.sql(`SELECT appId FROM ${table} WHERE appId = '${app.id}'`)).toEqual([]);
  }
});

test("what a client makes up takes a bounded number of rows: the rest is counted as one other operation", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const many = Array.from(
    { length: 1_000 },
    (_, i) => `('${app.id}', '${String(i).padStart(32, "0")}', 'query', '[]', 0)`,
  );
  await server.current.sql(
    `INSERT INTO usage_operation (appId, hash, kind, requirements, lastUsedHour) VALUES ${many.join(", ")}`,
  );
  await send(key, `query MadeUp1 { viewer { kind } }`, `query MadeUp2 { viewer { kind } }`);
  await counted(app.id, 2);
  const { rows } = await usageOf(app.id, ["OPERATION"]);
  expect(rows).toMatchObject([{ requests: 2, operation: { hash: "other", kind: null, name: null } }]);
});

test("a read of a key takes no statement more for being counted", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const id = await app.agent();
  const query = `query ($id: ID!) { agent(id: $id) { name } }`;
  await key.data(query, { id });
  const statements = await statementsOf(() => key.data(query, { id }));
  expect(statements.filter((each) => each.includes("usage"))).toEqual([]);
});
