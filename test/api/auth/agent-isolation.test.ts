import { randomUUID } from "node:crypto";
import { allowHosts } from "../../support/allowed-hosts";
import { attempted, replaceSecret } from "../../support/callbacks";
import type { GraphQLAnswer } from "../../support/client";
import { mutations, queries, type Row } from "../../support/cross-tenant-arguments";
import { useReceiver } from "../../support/receiver";
import { eventually, execute, executeAgent, finishRuns } from "../../support/runs";
import { useServer } from "../../support/server";
import { requestStatementsOf } from "../../support/statements";
import { overSse, overWebSocket } from "../../support/stream-clients";
import { transports } from "../../support/streams";
import { allPermissions, type KeyHolder, type TestApp } from "../../support/test-app";
import { TestModel } from "../../support/test-model";

const receiver = useReceiver();
const model = new TestModel();
const server = useServer({ ...allowHosts("127.0.0.1") }, { "test:model": model });
afterEach(() => finishRuns(server.current, model));

const selecting = (...agentIds: string[]) => ({ ...allPermissions, agentAccess: "SELECTED", agentIds }) as const;
const select = (scopeId: string, ...agentIds: string[]) =>
  server.current.admin.data(
    `mutation ($input: UpdateScopeInput!) { updateScope(input: $input) { scope { permissions { agentIds } } } }`,
    { input: { id: scopeId, permissions: selecting(...agentIds) } },
  );

let app: TestApp;
let agent: string;
/** A second agent of the app, and what an unconfined key did with it in a session that both keys reach. */
let foreign: Record<"agent" | "run" | "callbackDelivery" | "idempotencyKey", string>;
let session: string;
let key: KeyHolder;

beforeAll(async () => {
  app = await server.current.newApp();
  await replaceSecret(server.current.admin, app.id);
  agent = await app.agent();
  const other = await app.agent({ name: "other" });
  session = await app.session();
  key = await app.key(selecting(agent));
  const idempotencyKey = randomUUID();
  const callbackUrl = receiver.current.url("/");
  const { run } = await execute(key, { agentId: agent, session: { id: session } });
  await select(key.scopeId, other);
  const theirs = await execute(key, { agentId: other, session: { id: session }, idempotencyKey, callbackUrl });
  const { id } = await attempted(key, theirs.run.id as string);
  foreign = { agent: other, run: theirs.run.id, callbackDelivery: id as string, idempotencyKey };
  await select(key.scopeId, agent);
  expect((await key.data(`query ($id: ID!) { run(id: $id) { id } }`, { id: run.id })).run).toEqual({ id: run.id });
});

const isForeign = (kind: string): kind is "agent" | "run" | "callbackDelivery" =>
  kind !== "idempotencyKey" && kind in foreignKinds;
const foreignKinds = { agent: 0, run: 0, callbackDelivery: 0, idempotencyKey: 0 };
const rowsOf = (rows: readonly Row[]) => rows.filter(([, kind]) => isForeign(kind));

describe.each([
  ["query", rowsOf(queries)],
  ["mutation", rowsOf(mutations)],
] as const)("in a %s of a key that is confined to other agents", (kind, rows) => {
  test.each(rows)("%s: a %s out of reach is indistinguishable from an unknown one", async (_, names, field, answer) => {
    if (!isForeign(names)) throw new Error("Not an object of an agent");
    const own = { agent, app: app.id, session };
    const used = Object.keys(own).filter((name) => field.includes(`$${name}`));
    const declared = ["$it: ID!", ...used.map((name) => `$${name}: ID!`)].join(", ");
    const ask = (it: string) => key.send(`${kind} (${declared}) { ${field} }`, { ...own, it });
    const [ofForeign, ofUnknown] = [await ask(foreign[names]), await ask(randomUUID())];
    expect([ofForeign.status, ofForeign.text]).toEqual([ofUnknown.status, ofUnknown.text]);
    const { data, errors } = ofForeign.body as GraphQLAnswer;
    const code = errors?.[0]?.extensions.code;
    if (answer === "null") expect([code, ...Object.values(data)]).toEqual([undefined, null]);
    else expect(code).toBe(answer === "as if unused" ? undefined : answer);
  });
});

test("the events of a run out of reach are indistinguishable from those of an unknown run, over both transports", async () => {
  const query = `subscription ($it: ID!) { runEvents(runId: $it) { index } }`;
  const ask = async (it: string) => (await overSse(key, query, { variables: { it } })).text;
  expect(await ask(foreign.run)).toBe(await ask(randomUUID()));
  const overSocket = (it: string) => overWebSocket(key, query, { variables: { it } });
  expect(await overSocket(foreign.run)).toEqual(await overSocket(randomUUID()));
});

test("an execution is not repeated to a key that can't reach its agent any more", async () => {
  const { idempotencyKey, agent: agentId } = foreign;
  const input = {
    agentId,
    session: { id: session },
    idempotencyKey,
    callbackUrl: receiver.current.url("/"),
    text: "one two",
  };
  expect(await key.code(executeAgent, { input })).toBe("NOT_FOUND");
});

test("lists and counts have the agents, runs and messages that the key reaches, and no others", async () => {
  const query = `query ($id: ID!) {
    agents { totalCount nodes { id } }
    session(id: $id) { runs { nodes { agent { id } } } messages { nodes { runId } } }
  }`;
  const { agents, session: read } = await key.data(query, { id: session });
  expect(agents).toEqual({ totalCount: 1, nodes: [{ id: agent }] });
  expect(read.runs).toEqual({ nodes: [{ agent: { id: agent } }] });
  expect(read.messages.nodes).toHaveLength(2);
  expect(JSON.stringify(read)).not.toContain(foreign.run);
  const all = (
    await server.current.admin.data(query.replace("agents {", `agents(appId: "${app.id}") {`), { id: session })
  ).session;
  expect([all.runs.nodes.length, all.messages.nodes.length]).toEqual([2, 4]);
});

test("a scope that has selected no agent reaches none", async () => {
  const none = await app.key(selecting());
  const query = `query ($id: ID!) { agents { totalCount nodes { id } } agent(id: $id) { id } session(id: $session) { runs { nodes { id } } messages { nodes { id } } } }`;
  const answer = await none.data(query.replace("($id: ID!)", "($id: ID!, $session: ID!)"), { id: agent, session });
  expect(answer).toEqual({
    agents: { totalCount: 0, nodes: [] },
    agent: null,
    session: { runs: { nodes: [] }, messages: { nodes: [] } },
  });
  expect(await none.code(executeAgent, { input: { agentId: agent, text: "x" } })).toBe("NOT_FOUND");
});

test("a key with FULL updates and deletes the agents that are selected, creates none, and a deletion takes them off all scopes", async () => {
  const { admin } = server.current;
  const [one, two] = [await app.agent(), await app.agent()];
  const holder = await app.key(selecting(one, two));
  const sibling = await app.scope(selecting(one));
  const denied = await holder.send(`mutation { createAgent(input: { name: "new" }) { agent { id } } }`);
  expect([denied.status, denied.body.errors[0].extensions]).toMatchObject([
    403,
    { code: "FORBIDDEN", required: "FULL on ALL" },
  ]);
  const update = `mutation ($id: ID!) { updateAgent(input: { id: $id, description: "d" }) { agent { id } } }`;
  expect(await holder.code(update, { id: one })).toBeUndefined();
  expect(await holder.code(update, { id: agent })).toBe("NOT_FOUND");
  expect(
    await holder.code(`mutation ($id: ID!) { deleteAgent(input: { id: $id }) { id } }`, { id: one }),
  ).toBeUndefined();

  const idsOf = async (id: string) =>
    (await admin.data(`query ($id: ID!) { scope(id: $id) { permissions { agentAccess agentIds } } }`, { id })).scope
      .permissions;
  expect(await idsOf(holder.scopeId)).toEqual({ agentAccess: "SELECTED", agentIds: [two] });
  expect(await idsOf(sibling)).toEqual({ agentAccess: "SELECTED", agentIds: [] });
  const { viewer } = await holder.data(`{ viewer { permissions { agents agentAccess agentIds } } }`);
  expect(viewer.permissions).toEqual({ agents: "FULL", agentAccess: "SELECTED", agentIds: [two] });
});

test("an agent that an administrator takes off a scope does not come back by the deletion of another one", async () => {
  const { admin } = server.current;
  const kept = await app.agent();
  for (let round = 0; round < 10; round++) {
    const [removed, deleted] = [await app.agent(), await app.agent()];
    const scope = await app.scope(selecting(kept, removed, deleted));
    await Promise.all([
      admin.data(`mutation ($id: ID!) { deleteAgent(input: { id: $id }) { id } }`, { id: deleted }),
      select(scope, kept),
    ]);
    const read = `query ($id: ID!) { scope(id: $id) { permissions { agentIds } } }`;
    expect((await admin.data(read, { id: scope })).scope.permissions.agentIds).toEqual([kept]);
  }
});

test("a scope selects agents of its app only, and none with ALL", async () => {
  const foreignAgent = await (await server.current.newApp()).agent();
  const create = `mutation ($input: CreateScopeInput!) { createScope(input: $input) { scope { id } } }`;
  const refused = [
    { agentAccess: "SELECTED", agentIds: [foreignAgent] },
    { agentAccess: "SELECTED", agentIds: [agent, randomUUID()] },
    { agentAccess: "ALL", agentIds: [agent] },
    { agentIds: [agent] },
  ];
  const messages = await Promise.all(
    refused.map(async (permissions) => {
      const [error] = await server.current.admin.errors(create, {
        input: { appId: app.id, name: randomUUID(), permissions },
      });
      expect(error?.extensions.code).toBe("BAD_USER_INPUT");
      return error?.message;
    }),
  );
  expect(messages[0]).toBe(messages[1]);
});

test.each(Object.entries(transports))(
  "a stream over %s and a waiting execution end when their agent is taken off",
  async (_, open) => {
    const agentId = await app.agent({ model: "test:model" });
    const holder = await app.key(selecting(agent, agentId));
    const answer = holder.send(executeAgent, { input: { agentId, text: "one hold", waitMs: 60_000 } });
    await eventually(() => model.holding === 1);
    const list = `query ($id: ID!) { agent(id: $id) { id } sessions(first: 1) { nodes { runs { nodes { id } } } } }`;
    const [{ runs }] = (await holder.data(list, { id: agentId })).sessions.nodes;
    const stream = open(holder, `subscription ($id: ID!) { runEvents(runId: $id) { index } }`, {
      id: runs.nodes[0].id,
    });
    await eventually(() => stream.results.length > 0);

    await select(holder.scopeId, agent);
    await stream.end;
    const { status, body } = await answer;
    expect([status, body.data]).toEqual([401, undefined]);
    // The remaining agents are still allowed.
    expect((await holder.data(list, { id: agentId })).agent).toBeNull();
  },
);

test("the verdict takes one statement for a scope that has selected agents", async () => {
  const holder = await app.key(selecting(agent));
  expect(await requestStatementsOf(() => holder.data(`{ viewer { name } }`))).toHaveLength(1);
  expect(
    await requestStatementsOf(() => holder.data(`query ($id: ID!) { agent(id: $id) { id } }`, { id: agent })),
  ).toHaveLength(2);
});
