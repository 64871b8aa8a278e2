import { setTimeout as delay } from "node:timers/promises";
import { SqliteQueryRunner } from "../../../src/platform/database/sqlite-query-runner";
import { MysqlQueryRunner } from "typeorm/driver/mysql/MysqlQueryRunner";
import { Authenticator } from "../../../src/domain/api-key/authenticator";
import { type NamedAdministrator, newAdministrator } from "../../support/administrators";
import { eventually, executeAgent, finishRuns } from "../../support/runs";
import { useServer } from "../../support/server";
import { Connection, transports } from "../../support/streams";
import type { TestApp } from "../../support/test-app";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const server = useServer({}, { "test:model": model });
afterEach(async () => {
  jest.restoreAllMocks();
  await finishRuns(server.current, model);
});

const executeAndRename = `mutation ($agent: ID!, $other: ID!) {
  executeAgent(input: { agentId: $agent, text: "one hold", waitMs: 60000 }) { run { output } }
  updateAgent(input: { id: $other, name: "renamed" }) { agent { name } }
}`;
const runEvents = `subscription ($id: ID!) { runEvents(runId: $id) { index } }`;
const nameOf = async (id: string): Promise<unknown> =>
  (await server.current.admin.data(`query ($id: ID!) { agent(id: $id) { name } }`, { id })).agent?.name;

type Loss = (ada: NamedAdministrator, elsewhere: TestApp) => Promise<unknown>;
const change = (id: string, input: object) =>
  server.current.admin.data(
    `mutation ($input: UpdateAdministratorInput!) { updateAdministrator(input: $input) { administrator { id } } }`,
    { input: { id, ...input } },
  );
const byId = (field: string) => (id: string) =>
  server.current.admin.data(`mutation ($id: ID!) { ${field}(input: { id: $id }) { administrator { id } } }`, { id });
const losses: readonly [name: string, lose: Loss][] = [
  ["is revoked", ({ id }) => byId("revokeAdministrator")(id)],
  ["has its key replaced", ({ id }) => byId("rotateAdministratorKey")(id)],
  ["gets a role that does not include it", ({ id }) => change(id, { role: "KEY_MANAGER" })],
  ["is confined to another app", ({ id }, elsewhere) => change(id, { appIds: [elsewhere.id] })],
];

async function scene() {
  const [app, elsewhere] = [await server.current.newApp(), await server.current.newApp()];
  const ada = await newAdministrator(server.current, { role: "ADMIN" });
  const [agent, other] = [await app.agent({ model: "test:model" }), await app.agent({ name: "other" })];
  return { app, elsewhere, ada, agent, other };
}

describe.each(losses)("when an administrator %s", (_, lose) => {
  test("its waiting mutation ends within a second, and no further field runs", async () => {
    const { elsewhere, ada, agent, other } = await scene();
    const answer = ada
      .send(executeAndRename, { agent, other })
      .then((response) => ({ response, at: performance.now() }));
    await eventually(() => model.holding === 1);
    await lose(ada, elsewhere);
    const answeredAt = performance.now();
    const { response, at } = await answer;
    expect(at - answeredAt).toBeLessThan(1_000);
    expect([401, 403]).toContain(response.status);
    expect(response.body).not.toHaveProperty("data");
    model.release();
    await delay(50);
    expect(await nameOf(other)).toBe("other");
  });

  test.each(Object.keys(transports) as (keyof typeof transports)[])(
    "its stream ends within a second by %s",
    async (transport) => {
      const { elsewhere, ada, agent } = await scene();
      const { executeAgent: started } = await ada.data(executeAgent, {
        input: { agentId: agent, text: "one hold", waitMs: 0 },
      });
      const reader = transports[transport](ada, runEvents, { id: started.run.id });
      await reader.until(2);
      await lose(ada, elsewhere);
      const answeredAt = performance.now();
      await reader.end;
      expect(performance.now() - answeredAt).toBeLessThan(1_000);
    },
  );
});

/** Right in the database, as another instance does, so that nothing but the database can tell. */
test.each([
  ["revoked", `status = 'REVOKED'`],
  ["given another key", "keyVersion = 2"],
  ["given a role that does not include it", `role = 'KEY_MANAGER'`],
  ["confined to no app", `appIds = '[]'`],
])("no transaction of an administrator that was %s elsewhere begins afterwards", async (_, changes) => {
  const { ada, other } = await scene();
  const isDone = beforeNextTransaction(ada, () =>
    server.current.sql(`UPDATE administrator SET ${changes} WHERE id = '${ada.id}'`),
  );
  const rename = `mutation ($id: ID!) { updateAgent(input: { id: $id, name: "renamed" }) { agent { id } } }`;
  const [error] = await ada.errors(rename, { id: other });
  expect(isDone()).toBe(true);
  expect(error?.extensions.code).toMatch(/UNAUTHENTICATED|FORBIDDEN/);
  expect(await nameOf(other)).toBe("other");
});

test("a revocation closes the WebSocket of an administrator with 4403 and says why", async () => {
  const { ada, agent } = await scene();
  const { executeAgent: started } = await ada.data(executeAgent, {
    input: { agentId: agent, text: "one hold", waitMs: 0 },
  });
  const connection = Connection.of(ada);
  const reader = connection.read(runEvents, { id: started.run.id });
  await reader.until(2);
  await byId("revokeAdministrator")(ada.id);
  expect(await connection.closed).toMatchObject({ code: 4403, reason: "ADMINISTRATOR_REVOKED" });
});

test("a link to a document ends with the administrator that it was made for", async () => {
  const { app, ada } = await scene();
  const id = await app.document(await app.session());
  const { documentContent } = await ada.data(`query ($id: ID!) { documentContent(id: $id) { url } }`, { id });
  const url = new URL(documentContent.url as string, server.current.url);
  expect((await fetch(url)).status).toBe(200);
  await byId("revokeAdministrator")(ada.id);
  expect((await fetch(url)).status).toBe(404);
});

/** Takes rights away once the administrator has authenticated, right before the first transaction begins after that. */
function beforeNextTransaction({ secret }: NamedAdministrator, takeAccess: () => Promise<unknown>): () => boolean {
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
