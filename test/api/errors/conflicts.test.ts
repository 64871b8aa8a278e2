import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { allowHosts } from "../../support/allowed-hosts";
import { type ConflictReason, conflictReasons } from "../../../src/errors";
import { newAdministrator } from "../../support/administrators";
import { attempted, deliveryOf, dueNow, newSender, redeliverCallback } from "../../support/callbacks";
import type { Client } from "../../support/client";
import { useReceiver } from "../../support/receiver";
import { execute, finishRuns } from "../../support/runs";
import { useServer } from "../../support/server";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const receiver = useReceiver();
const server = useServer({ ...allowHosts("127.0.0.1,localhost") }, { "test:model": model });
afterEach(() => finishRuns(server.current, model));

const mutation = (name: string) =>
  `mutation ($input: ${name.replace(/^./, (first) => first.toUpperCase())}Input!) { ${name}(input: $input) { __typename } }`;

interface Case {
  readonly does: string;
  readonly reason: ConflictReason;
  readonly field?: string;
  readonly currentVersion?: number;
  /** Brings the conflict about. */
  readonly attempt: () => Promise<readonly { message: string; extensions: object }[]>;
}

/** Creates two objects, and gives the second the name of the first, by its creation and by an update. */
const namesIn = (kind: string, create: string, update: string, parent: () => Promise<object>): Case[] => [
  {
    does: `a second ${kind} of the same name`,
    reason: "NAME_TAKEN",
    field: "input.name",
    async attempt() {
      const input = { ...(await parent()), name: "taken" };
      await server.current.admin.data(mutation(create), { input });
      return server.current.admin.errors(mutation(create), { input });
    },
  },
  {
    does: `renaming a ${kind} to a name that is taken`,
    reason: "NAME_TAKEN",
    field: "input.name",
    async attempt() {
      const input = await parent();
      await server.current.admin.data(mutation(create), { input: { ...input, name: "first" } });
      const object = create.replace("create", "").replace(/^./, (first) => first.toLowerCase());
      const second = `mutation ($input: ${create.replace("create", "Create")}Input!) { ${create}(input: $input) { ${object} { id } } }`;
      const { [create]: created } = await server.current.admin.data(second, { input: { ...input, name: "second" } });
      return server.current.admin.errors(mutation(update), { input: { id: created[object].id, name: "first" } });
    },
  },
];

const ofApp = async (more: object = {}) => ({ appId: (await server.current.newApp()).id, ...more });
const staleUpdate = async (client: Client, update: string, id: string) => {
  await client.data(mutation(update), { input: { id, description: "new" } });
  return client.errors(mutation(update), { input: { id, description: "newer", expectedVersion: 1 } });
};

const cases: readonly Case[] = [
  {
    does: "opening a shared stream twice",
    reason: "STREAM_OPEN",
    async attempt() {
      const { open, stream } = await sharedStream();
      const errors = await errorsIn(await open());
      await stream.body?.cancel();
      return errors;
    },
  },
  {
    does: "an operation with the id of another on a shared stream",
    reason: "OPERATION_OPEN",
    async attempt() {
      const { subscribe, stream } = await sharedStream();
      expect((await subscribe()).status).toBe(202);
      const errors = await errorsIn(await subscribe());
      await stream.body?.cancel();
      return errors;
    },
  },
  {
    does: "a second app of the same name",
    reason: "NAME_TAKEN",
    field: "input.name",
    async attempt() {
      const input = { name: `app ${Math.random()}` };
      await server.current.admin.data(mutation("createApp"), { input });
      return server.current.admin.errors(mutation("createApp"), { input });
    },
  },
  ...namesIn("scope", "createScope", "updateScope", () => ofApp({ permissions: {} })),
  ...namesIn("agent", "createAgent", "updateAgent", () => ofApp()),
  ...namesIn("model connection", "createModelConnection", "updateModelConnection", () =>
    ofApp({ provider: "OPENAI_COMPATIBLE", baseUrl: "http://127.0.0.1:1/v1" }),
  ),
  ...namesIn("tool server", "createToolServer", "updateToolServer", () => ofApp({ url: "http://127.0.0.1:1/mcp" })),
  ...namesIn("key", "createApiKey", "renameApiKey", async () => ({
    scopeId: await (await server.current.newApp()).scope({}),
  })),
  {
    does: "a second session of the same reference",
    reason: "REFERENCE_TAKEN",
    field: "input.reference",
    async attempt() {
      const input = await ofApp({ reference: "taken" });
      await server.current.admin.data(mutation("createSession"), { input });
      return server.current.admin.errors(mutation("createSession"), { input });
    },
  },
  {
    does: "an update of another version of an agent",
    reason: "VERSION",
    field: "input.expectedVersion",
    currentVersion: 2,
    attempt: async () =>
      staleUpdate(server.current.admin, "updateAgent", await (await server.current.newApp()).agent()),
  },
  {
    does: "an update of another version of a scope",
    reason: "VERSION",
    field: "input.expectedVersion",
    currentVersion: 2,
    attempt: async () =>
      staleUpdate(server.current.admin, "updateScope", await (await server.current.newApp()).scope({})),
  },
  {
    does: "deleting a scope with keys",
    reason: "HAS_KEYS",
    field: "input.revokeKeys",
    async attempt() {
      const { scopeId } = await (await server.current.newApp()).key();
      return server.current.admin.errors(mutation("deleteScope"), { input: { id: scopeId } });
    },
  },
  {
    does: "executing an agent that is switched off",
    reason: "AGENT_DISABLED",
    field: "input.agentId",
    async attempt() {
      const agentId = await (await server.current.newApp()).agent({ enabled: false });
      const input = { agentId, text: "Hello" };
      const executeAgent = `mutation ($input: ExecuteAgentInput!) { executeAgent(input: $input) { replayed } }`;
      return server.current.admin.errors(executeAgent, { input });
    },
  },
  {
    does: "rotating a key that is revoked",
    reason: "KEY_REVOKED",
    async attempt() {
      const input = { id: (await (await server.current.newApp()).key()).keyId };
      await server.current.admin.data(mutation("revokeApiKey"), { input });
      return server.current.admin.errors(mutation("rotateApiKey"), { input });
    },
  },
  {
    does: "rotating a key that has a successor",
    reason: "KEY_ROTATED",
    async attempt() {
      const input = { id: (await (await server.current.newApp()).key()).keyId, overlapSeconds: 60 };
      await server.current.admin.data(mutation("rotateApiKey"), { input });
      return server.current.admin.errors(mutation("rotateApiKey"), { input });
    },
  },
  {
    does: "deleting a model connection that an agent uses",
    reason: "IN_USE",
    async attempt() {
      const app = await server.current.newApp();
      const id = await app.modelConnection("http://127.0.0.1:1/v1");
      await app.agent({ model: "model/any" });
      return server.current.admin.errors(mutation("deleteModelConnection"), { input: { id } });
    },
  },
  {
    does: "deleting a tool server that an agent uses",
    reason: "IN_USE",
    async attempt() {
      const app = await server.current.newApp();
      const input = { appId: app.id, name: "tools", url: "http://127.0.0.1:1/mcp" };
      const create = `mutation ($input: CreateToolServerInput!) { createToolServer(input: $input) { toolServer { id } } }`;
      const { createToolServer } = await server.current.admin.data(create, { input });
      await app.modelConnection("http://127.0.0.1:1/v1");
      await app.agent({ model: "model/any", tools: [{ server: "tools", allow: ["any"] }] });
      return server.current.admin.errors(mutation("deleteToolServer"), {
        input: { id: createToolServer.toolServer.id },
      });
    },
  },
  {
    does: "redelivering the callback of a run that is not finished",
    reason: "RUN_UNFINISHED",
    async attempt() {
      const { key, agentId, path } = await newSender(server.current);
      const { run } = await execute(key, { agentId, callbackUrl: receiver.current.url(path), text: "hold", waitMs: 0 });
      const { id } = await deliveryOf(key, run.id);
      return key.errors(redeliverCallback, { id });
    },
  },
  {
    does: "redelivering a callback that is being delivered",
    reason: "ATTEMPT_IN_PROGRESS",
    async attempt() {
      const { key, agentId, path } = await newSender(server.current);
      const { run } = await execute(key, { agentId, callbackUrl: receiver.current.url(path, 500) });
      const { id } = await attempted(key, run.id);
      await dueNow(server.current, id);
      await server.current.sql(`UPDATE callback_delivery SET claimedAt = '2020-01-01 00:00:00.000' WHERE id = '${id}'`);
      return key.errors(redeliverCallback, { id });
    },
  },
  ...namesIn("administrator", "createAdministrator", "updateAdministrator", () => Promise.resolve({ role: "AUDITOR" })),
  {
    does: "replacing the key of a revoked administrator",
    reason: "ADMINISTRATOR_REVOKED",
    async attempt() {
      const { admin } = server.current;
      const { id } = await newAdministrator(server.current, { role: "AUDITOR" });
      await admin.data(mutation("revokeAdministrator"), { input: { id } });
      return admin.errors(mutation("rotateAdministratorKey"), { input: { id } });
    },
  },
  {
    does: "changing the role of an administrator whom an issuer names",
    reason: "DECIDED_BY_ISSUER",
    async attempt() {
      const { id } = await newAdministrator(server.current, { role: "AUDITOR" });
      await server.current.sql(`UPDATE administrator SET subject = 'ada' WHERE id = '${id}'`);
      return server.current.admin.errors(mutation("updateAdministrator"), { input: { id, role: "ADMIN" } });
    },
  },
];

/** Opens a stream that several operations can share. */
async function sharedStream() {
  const app = await server.current.newApp();
  const [key, agentId] = [await app.key(), await app.agent({ model: "test:model" })];
  const send = (method: string, headers: object, body?: object) =>
    fetch(`${server.current.url}/stream`, {
      method,
      headers: { "x-api-key": key.secret, "content-type": "application/json", ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
  const reservation = await fetch(`${server.current.url}/stream`, {
    method: "PUT",
    headers: { "x-api-key": key.secret },
  });
  const token = { "x-graphql-event-stream-token": await reservation.text() };
  const open = () =>
    fetch(`${server.current.url}/stream`, {
      headers: { "x-api-key": key.secret, accept: "text/event-stream", ...token },
    });
  const { run } = await execute(key, { agentId, text: "hold", waitMs: 0 });
  const query = `subscription ($runId: ID!) { runEvents(runId: $runId) { index } }`;
  const subscribe = () =>
    send("POST", token, { query, variables: { runId: run.id }, extensions: { operationId: "one" } });
  return { open, subscribe, stream: await open() };
}

const errorsIn = async (response: Response) => ((await response.json()) as { errors: Answered }).errors;
type Answered = readonly { message: string; extensions: object }[];

const messages: string[] = [];

test.each(cases)("CONFLICT says why: $does is $reason", async ({ reason, field, currentVersion, attempt }) => {
  const [error, ...more] = await attempt();
  expect(more).toEqual([]);
  expect(error?.extensions).toEqual({
    code: "CONFLICT",
    reason,
    ...(field !== undefined && { field }),
    ...(currentVersion !== undefined && { currentVersion }),
  });
  messages.push(error?.message ?? "");
});

test("the cases above bring about every conflict that is thrown anywhere, and every reason of the list", () => {
  const src = join(__dirname, "../../../src");
  const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const others = files.filter((file) => file !== "errors.ts").map((file) => readFileSync(join(src, file), "utf8"));
  expect(others.filter((source) => source.includes('"CONFLICT"'))).toEqual([]);

  const calls = others.flatMap((source) => [
    ...source.matchAll(/\b(conflict|nameConflict|assertVersion)\(\s*(?:"[A-Z_]+",\s*)?(["`])((?:\\.|(?!\2).)*)\2/gs),
  ]);
  const thrown = calls.filter(([, call]) => call !== "assertVersion").map(([, , , message = ""]) => message);
  expect(thrown.length).toBeGreaterThanOrEqual(10);
  for (const message of thrown) {
    // Its longest part without values.
    const [part = ""] = message.split(/\$\{[^}]*\}|\\`/).sort((one, other) => other.length - one.length);
    expect(messages).toContainEqual(expect.stringContaining(part));
  }
  const versioned = calls.filter(([, call]) => call === "assertVersion").map(([, , , what = ""]) => what);
  for (const what of versioned)
    expect(messages.some((seen) => seen.startsWith(`The ${what} is at version`))).toBe(true);

  expect([...new Set(cases.map(({ reason }) => reason))].sort()).toEqual(Object.keys(conflictReasons).sort());
});

test("a scope has a version, which each update raises, and of updates of one version only one succeeds", async () => {
  const { admin } = server.current;
  const id = await (await server.current.newApp()).scope({ agents: "VIEW" });
  const versionOf = async () =>
    (await admin.data(`query ($id: ID!) { scope(id: $id) { version } }`, { id })).scope.version;
  expect(await versionOf()).toBe(1);
  await admin.data(mutation("updateScope"), { input: { id, expectedVersion: 1, permissions: { agents: "EDIT" } } });
  expect(await versionOf()).toBe(2);
  await admin.data(mutation("updateScope"), { input: { id, description: "without a version" } });
  expect(await versionOf()).toBe(3);

  const updates = Array.from({ length: 8 }, (_, i) =>
    admin.code(mutation("updateScope"), { input: { id, expectedVersion: 3, description: `by ${i}` } }),
  );
  const codes = await Promise.all(updates);
  expect(codes.filter((code) => code === "CONFLICT")).toHaveLength(7);
  expect(await versionOf()).toBe(4);
  for (const expectedVersion of [0, -1, null]) {
    expect(await admin.code(mutation("updateScope"), { input: { id, expectedVersion } })).toBe("BAD_USER_INPUT");
  }
});
