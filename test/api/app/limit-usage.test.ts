import { allowHosts } from "../../support/allowed-hosts";
import { replaceSecret } from "../../support/callbacks";
import { useReceiver } from "../../support/receiver";
import { eventually, execute, finishRuns } from "../../support/runs";
import { useServer } from "../../support/server";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const receiver = useReceiver();
const server = useServer({ ...allowHosts("127.0.0.1") }, { "test:model": model });
afterEach(() => finishRuns(server.current, model));

const fields = `runsAtOnce queuedRuns tokensPerDay sessions documents documentBytes agents scopes keysPerScope
  messageBytes pendingCallbacks callbackHosts`;

test("the limits of an app tell what is used of each now", async () => {
  const app = await server.current.newApp();
  const other = await server.current.newApp();
  await other.agent();
  const usageOf = async (id = app.id) =>
    (
      await server.current.admin.data(`query ($id: ID!) { app(id: $id) { limits { sessions usage { ${fields} } } } }`, {
        id,
      })
    ).app.limits.usage;
  const none = Object.fromEntries(fields.split(/\s+/).map((name) => [name, 0]));
  expect(await usageOf()).toEqual(none);

  await replaceSecret(server.current.admin, app.id);
  const scopeId = await app.scope({ agents: "VIEW" });
  const [first] = [await app.key(scopeId), await app.key(scopeId)];
  const key = await app.key();
  const agentId = await app.agent({ model: "test:model" });
  const sessionId = await app.session();
  await app.document(sessionId, "The barn is red.");
  const callbackUrl = receiver.current.url("/limits", "mute");
  const session = { id: sessionId };
  await execute(key, { agentId, session, text: "one hold", callbackUrl, waitMs: 0 });
  await execute(key, { agentId, session, text: "two", waitMs: 0 });
  await eventually(() => model.holding === 1);

  const expected = {
    ...{ runsAtOnce: 1, queuedRuns: 1, tokensPerDay: 0, sessions: 1, documents: 1, documentBytes: 16, agents: 1 },
    ...{ scopes: 2, keysPerScope: 2, messageBytes: 2 * ("one hold".length + "two".length) },
    ...{ pendingCallbacks: 1, callbackHosts: 1 },
  };
  expect(await usageOf()).toEqual(expected);
  expect(await usageOf(other.id)).toEqual({ ...none, agents: 1 });

  await server.current.admin.data(`mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }`, {
    id: first.keyId,
  });
  expect((await usageOf()).keysPerScope).toBe(1);
  await finishRuns(server.current, model);
  expect(await usageOf()).toMatchObject({ runsAtOnce: 0, queuedRuns: 0 });
});

test("each app of a page tells what it uses of its limits", async () => {
  await server.current.newApp();
  const { apps } = await server.current.admin.data(`{ apps(first: 3) { nodes { limits { usage { ${fields} } } } } }`);
  expect(apps.nodes.length).toBeGreaterThan(1);
  for (const { limits } of apps.nodes) expect(Object.keys(limits.usage)).toHaveLength(12);
});

test("the tokens of today are among what is used, those of an earlier day are not", async () => {
  const app = await server.current.newApp();
  const [today, yesterday] = [0, 1].map((days) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10));
  const used = async () =>
    (
      await server.current.admin.data(`query ($id: ID!) { app(id: $id) { limits { usage { tokensPerDay } } } }`, {
        id: app.id,
      })
    ).app.limits.usage.tokensPerDay;
  await server.current.sql(`INSERT INTO token_use (appId, day, tokens) VALUES ('${app.id}', '${today}', 7)`);
  expect(await used()).toBe(7);
  await server.current.sql(`UPDATE token_use SET day = '${yesterday}' WHERE appId = '${app.id}'`);
  expect(await used()).toBe(0);
});
