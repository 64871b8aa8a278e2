import { setTimeout as delay } from "node:timers/promises";
import { SqliteQueryRunner } from "../../../src/platform/database/sqlite-query-runner";
import { MysqlQueryRunner } from "typeorm/driver/mysql/MysqlQueryRunner";
import { allowHosts } from "../../support/allowed-hosts";
import { Authenticator } from "../../../src/domain/api-key/authenticator";
import { AgentService } from "../../../src/domain/agent/agent.service";
import { access, opensToKeys } from "../../support/access-table";
import { newSender, type Sender } from "../../support/callbacks";
import type { GraphQLAnswer } from "../../support/client";
import { useReceiver } from "../../support/receiver";
import { revocations, revoke } from "../../support/revocations";
import { eventually, execute, finished } from "../../support/runs";
import { useServer } from "../../support/server";
import { requestStatementsOf } from "../../support/statements";
import { Connection, transports } from "../../support/streams";
import { allPermissions, type KeyHolder, type TestApp, type TestScope } from "../../support/test-app";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const receiver = useReceiver();
const server = useServer({ ...allowHosts("127.0.0.1") }, { "test:model": model });
afterEach(async () => {
  jest.restoreAllMocks();
  await model.releaseAll();
});

const executeAndRename = `mutation ($agent: ID!, $other: ID!) {
  executeAgent(input: { agentId: $agent, text: "one hold", waitMs: 60000 }) { run { output } }
  updateAgent(input: { id: $other, name: "renamed" }) { agent { name } }
}`;
const refused: unknown = expect.stringMatching(/^(UNAUTHENTICATED|FORBIDDEN)$/);

/** Starts an operation that waits for its run, and would change an agent afterwards. */
async function waitingMutation(): Promise<{
  app: TestApp;
  key: KeyHolder;
  variables: { agent: string; other: string };
}> {
  const app = await server.current.newApp();
  const [agent, other] = [await app.agent({ model: "test:model" }), await app.agent({ name: "other" })];
  return { app, key: await app.key(), variables: { agent, other } };
}

const nameOf = async (id: string): Promise<unknown> =>
  (await server.current.admin.data(`query ($id: ID!) { agent(id: $id) { name } }`, { id })).agent?.name;

async function whileHolding<Result>(work: () => Promise<Result>): Promise<Result> {
  await eventually(() => model.holding === 1);
  return work();
}

describe.each(revocations("SESSION_VIEW"))("a mutation that waits for its run when %s", (_name, takeAccess) => {
  test("ends within a second, is told nothing of the run, and executes no further field", async () => {
    const { app, key, variables } = await waitingMutation();
    const answer = key.send(executeAndRename, variables).then((response) => ({ response, at: performance.now() }));
    await whileHolding(() => takeAccess(server.current.admin, key, app));
    const answeredAt = performance.now();

    const { response, at } = await answer;
    expect(at - answeredAt).toBeLessThan(1_000);
    expect([401, 403]).toContain(response.status);
    expect(response.body).toEqual({
      errors: [expect.objectContaining({ extensions: expect.objectContaining({ code: refused }) })],
    });
    model.release();
    await delay(50);
    expect(await nameOf(variables.other)).not.toBe("renamed");
  });

  test.each(Object.keys(transports) as (keyof typeof transports)[])("ends the same way by %s", async (transport) => {
    const { app, key, variables } = await waitingMutation();
    const reader = transports[transport](key, executeAndRename, variables);
    await whileHolding(() => takeAccess(server.current.admin, key, app));
    const answeredAt = performance.now();

    await reader.end;
    expect(performance.now() - answeredAt).toBeLessThan(1_000);
    expect(reader.results.filter(({ data }) => data != null)).toEqual([]);
    model.release();
    await delay(50);
    expect(await nameOf(variables.other)).not.toBe("renamed");
  });
});

test("the refusal of a revoked key says so, and that of a narrowed scope names the field and what it needs", async () => {
  const answers = await Promise.all(
    revocations("RUN")
      .slice(0, 2)
      .map(async ([, takeAccess]) => {
        const { app, key, variables } = await waitingMutation();
        const before = model.holding;
        const answer = key.send(executeAndRename, variables);
        await eventually(() => model.holding > before);
        await takeAccess(server.current.admin, key, app);
        return answer;
      }),
  );
  expect(answers.map(({ status, body }) => ({ status, errors: (body as GraphQLAnswer).errors }))).toMatchObject([
    { status: 401, errors: [{ extensions: { code: "UNAUTHENTICATED", reason: "KEY_REVOKED" } }] },
    { status: 403, errors: [{ path: ["updateAgent"], extensions: { code: "FORBIDDEN", required: "EDIT" } }] },
  ]);
});

test("a mutation keeps waiting while its scope changes and grants what it needs", async () => {
  const { key, variables } = await waitingMutation();
  const answer = key.data(executeAndRename, variables);
  await whileHolding(async () => {
    const update = `mutation ($id: ID!) {
      updateScope(input: { id: $id, permissions: { agents: EDIT, runtime: [RUN] } }) { scope { id } }
    }`;
    await server.current.admin.data(update, { id: key.scopeId });
  });
  model.release();
  expect(await answer).toMatchObject({
    executeAgent: { run: { output: "one hold " } },
    updateAgent: { agent: { name: "renamed" } },
  });
});

test("the other operations of a WebSocket end with the one that lost its rights", async () => {
  const { app, key, variables } = await waitingMutation();
  const connection = Connection.of(key);
  const reader = connection.read(executeAndRename, variables);
  await whileHolding(() => revocations("RUN")[1]?.[1](server.current.admin, key, app) ?? Promise.resolve());
  await reader.end;
  expect((await connection.closed).code).toBe(4403);
});

test("a query that is executing when its key is revoked is answered with nothing but the refusal", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  await app.agent();
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const { list } = AgentService.prototype;
  const started = new Promise<void>((resolve) => {
    jest.spyOn(AgentService.prototype, "list").mockImplementation(async function (this: AgentService, ...args) {
      resolve();
      const page = await list.apply(this, args);
      await released;
      return page;
    });
  });
  const answer = key.send(`{ agents { nodes { name } } }`);
  void answer.catch(() => undefined);
  await started;
  await server.current.admin.data(revoke, { id: key.keyId });
  release();
  const { status, body } = await answer;
  expect(status).toBe(401);
  expect(body).toMatchObject({ errors: [{ extensions: { reason: "KEY_REVOKED" } }] });
  expect(body).not.toHaveProperty("data");
});

/** A mutation of each kind, with the objects of a scene. */
const selections: Readonly<Record<string, string>> = {
  createAgent: `(input: { name: "new" }) { agent { id } }`,
  updateAgent: `(input: { id: $agent, name: "renamed" }) { agent { id } }`,
  deleteAgent: `(input: { id: $agent }) { id }`,
  createSession: `(input: { reference: "new" }) { session { id } }`,
  terminateSession: `(input: { id: $session }) { session { id } }`,
  deleteDocument: `(input: { id: $document }) { id }`,
  executeAgent: `(input: { agentId: $agent, text: "one", waitMs: 0 }) { run { id } }`,
  cancelRun: `(input: { id: $held }) { run { id } }`,
  redeliverCallback: `(input: { id: $delivery }) { callbackDelivery { id } }`,
  createApiKey: `(input: { scopeId: $scope, name: "new" }) { apiKey { id } }`,
  updateApiKey: `(input: { id: $managed, description: "changed" }) { apiKey { id } }`,
  renameApiKey: `(input: { id: $managed, name: "renamed" }) { apiKey { id } }`,
  rotateApiKey: `(input: { id: $managed }) { apiKey { id } }`,
  revokeApiKey: `(input: { id: $managed }) { apiKey { id } }`,
};
const variableNames = ["agent", "session", "document", "held", "delivery", "scope", "managed"] as const;
const everything: TestScope = { ...allPermissions, keys: "MANAGE" };

type Scene = Readonly<Record<(typeof variableNames)[number], string>> & { readonly sender: Sender };

/** An app with an object of each kind, whose state stays as it is. */
async function newScene(): Promise<Scene> {
  const sender = await newSender(server.current);
  const { admin } = server.current;
  const { key, agentId } = sender;
  const { run, session } = await execute(admin, { agentId, callbackUrl: receiver.current.url(sender.path, 200) });
  await receiver.current.wait(sender.path);
  const query = `query ($run: ID!) { callbackDeliveries(runId: $run) { nodes { id status } } }`;
  let delivery: { id: string; status: string } | undefined;
  await eventually(async () => {
    [delivery] = (await key.data(query, { run: run.id })).callbackDeliveries.nodes;
    return delivery?.status === "DELIVERED";
  });
  const { body } = await admin.upload(session.id, "The barn is red.");
  const document = (body as GraphQLAnswer).data.uploadDocument.document.id as string;
  const status = `query ($id: ID!) { session(id: $id) { documents { status } } }`;
  await eventually(async () => {
    const { documents } = (await admin.data(status, { id: session.id })).session;
    return documents[0].status === "READY";
  });
  const held = (await execute(admin, { agentId, text: "hold", waitMs: 0 })).run.id as string;
  await eventually(() => model.holding > 0);
  const { keyId: managed, scopeId: scope } = await sender.app.key({ agents: "VIEW" });
  return { sender, agent: agentId, session: session.id, document, held, delivery: delivery?.id ?? "", scope, managed };
}

const send = (key: KeyHolder, mutation: string, scene: Scene) =>
  mutation === "uploadDocument"
    ? key.upload(scene.session, "The barn is blue.")
    : key.send(`mutation ${declarationsOf(mutation)} { ${mutation}${selections[mutation]} }`, scene);

function declarationsOf(mutation: string): string {
  const used = variableNames.filter((name) => selections[mutation]?.includes(`$${name}`));
  return used.length === 0 ? "" : `(${used.map((name) => `$${name}: ID!`).join(" ")})`;
}

const tables = ["agent", "session", "document", "run", "message", "callback_delivery"];

async function contentsOf({ sender: { appId }, session, scope }: Scene): Promise<unknown[]> {
  const where = (table: string) => (table === "message" ? `sessionId = '${session}'` : `appId = '${appId}'`);
  const statements = tables.map((table) => `SELECT * FROM ${table} WHERE ${where(table)} ORDER BY id`);
  statements.push(`SELECT * FROM api_key WHERE scopeId = '${scope}' ORDER BY id`);
  return Promise.all(statements.map((statement) => server.current.sql(statement)));
}

/** Takes rights away once the key has authenticated, right before the first transaction begins after that. */
function beforeNextTransaction({ secret }: KeyHolder, takeAccess: () => Promise<unknown>): () => boolean {
  let state: "waiting" | "armed" | "done" = "waiting";
  const { authenticate } = Authenticator.prototype;
  jest.spyOn(Authenticator.prototype, "authenticate").mockImplementation(async function (
    this: Authenticator,
    credential,
  ) {
    const caller = await authenticate.call(this, credential);
    if (credential.secret === secret && state === "waiting") state = "armed";
    return caller;
  });
  for (const { prototype } of [SqliteQueryRunner, MysqlQueryRunner]) {
    const { startTransaction } = prototype;
    jest.spyOn(prototype, "startTransaction").mockImplementation(async function (this: never, ...args) {
      if (state === "armed") {
        state = "done";
        await takeAccess();
      }
      return startTransaction.apply(this, args);
    });
  }
  return () => state === "done";
}

const mutations = [...access]
  .filter(([field, entry]) => field.startsWith("Mutation.") && opensToKeys(entry))
  .map(([field]) => field.slice("Mutation.".length));

test("this test has each mutation that a key may use", () => {
  expect([...Object.keys(selections), "uploadDocument"].sort()).toEqual([...mutations].sort());
});

/** Right in the database, as another instance does, so that nothing but the database can tell. */
const silently = {
  "its key was revoked": ({ keyId }: KeyHolder) =>
    server.current.sql(`UPDATE api_key SET revokedAt = '2026-01-01 00:00:00.000' WHERE id = '${keyId}'`),
  "its scope was narrowed": ({ scopeId }: KeyHolder) =>
    server.current.sql(
      `UPDATE scope SET permissionsAgents = 'NONE', permissionsRuntime = '', permissionsKeys = 'NONE' WHERE id = '${scopeId}'`,
    ),
  "its scope was deleted": ({ scopeId }: KeyHolder) =>
    server.current.sql(`UPDATE scope SET deletedAt = '2026-01-01 00:00:00.000' WHERE id = '${scopeId}'`),
};

test.each(mutations)(
  "a mutation that was admitted before rights were taken away commits nothing: %s",
  async (mutation) => {
    const scene = await newScene();
    const { app } = scene.sender;
    const control = await app.key(everything);
    const before = await contentsOf(scene);
    for (const takeAccess of Object.values(silently)) {
      const key = await app.key(everything);
      const isTaken = beforeNextTransaction(key, () => takeAccess(key));
      const { body } = await send(key, mutation, scene);
      expect(isTaken()).toBe(true);
      expect((body as GraphQLAnswer).errors).toMatchObject([{ extensions: { code: refused } }]);
      expect(body).not.toHaveProperty("data");
      expect(await contentsOf(scene)).toEqual(before);
      jest.restoreAllMocks();
    }
    const { body } = await send(control, mutation, scene);
    expect((body as GraphQLAnswer).errors).toBeUndefined();
    expect(await contentsOf(scene)).not.toEqual(before);
    if (mutation !== "cancelRun") model.release();
    await finished(server.current.admin, scene.held);
  },
);

describe("the statements about a key", () => {
  const aboutKeys = (statements: readonly string[]) => statements.filter((statement) => statement.includes("api_key"));
  const update = `mutation ($id: ID!) { updateAgent(input: { id: $id, description: "new" }) { agent { id } } }`;

  test("are one for a query, and two for a mutation: one with its credential, one in its transaction", async () => {
    const app = await server.current.newApp();
    const [id, key] = [await app.agent(), await app.key()];
    expect(
      aboutKeys(await requestStatementsOf(() => key.data(`query ($id: ID!) { agent(id: $id) { id } }`, { id }))),
    ).toHaveLength(1);

    const statements = await requestStatementsOf(() => key.data(update, { id }));
    expect(aboutKeys(statements)).toHaveLength(2);
    const administrators = await requestStatementsOf(() => server.current.admin.data(update, { id }));
    expect(aboutKeys(administrators)).toEqual([]);
    expect(statements).toHaveLength(administrators.length + 2);
  });

  test("are one more for each further field of a mutation, and none when nothing waits", async () => {
    const app = await server.current.newApp();
    const [id, key] = [await app.agent(), await app.key()];
    const twice = `mutation ($id: ID!) {
      one: updateAgent(input: { id: $id, description: "one" }) { agent { id } }
      two: updateAgent(input: { id: $id, description: "two" }) { agent { id } }
    }`;
    // The credential, then one transaction; before the second field, then the second transaction.
    expect(aboutKeys(await requestStatementsOf(() => key.data(twice, { id })))).toHaveLength(4);
  });
});
