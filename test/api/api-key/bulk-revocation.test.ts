import { randomUUID } from "node:crypto";
import { eventually, execute, finished } from "../../support/runs";
import { useServer } from "../../support/server";
import { transports } from "../../support/streams";
import type { KeyHolder, TestApp } from "../../support/test-app";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const server = useServer({}, { "test:model": model });
afterEach(() => model.releaseAll());

const revokeApiKeys = `mutation ($input: RevokeApiKeysInput!) {
  revokeApiKeys(input: $input) {
    count keys { id status revokedReason } usedInLastDays recently: usedInLastDays(days: 1) streamsEnded runsCancelled refusedFrom
  }
}`;
const viewer = `{ viewer { name } }`;
const revoke = async (input: object) => (await server.current.admin.data(revokeApiKeys, { input })).revokeApiKeys;

const usedAt = (key: KeyHolder, at: Date) =>
  server.current.sql(
    `UPDATE api_key SET lastUsedAt = '${at.toISOString().replace("T", " ").slice(0, -1)}' WHERE id = '${key.keyId}'`,
  );

/** A key with a run that is being executed, and a stream of its events. */
async function busyKey(app: TestApp) {
  const key = await app.key();
  const agentId = await app.agent({ model: "test:model" });
  const { run } = await execute(key, { agentId, text: "one hold", waitMs: 0 });
  const query = `subscription ($id: ID!) { runEvents(runId: $id) { index } }`;
  const stream = transports["server-sent events"](key, query, { id: run.id });
  await eventually(() => stream.results.length > 0 && model.holding === 1);
  return { key, run, stream };
}

test("a dry run tells what a revocation would end, and changes nothing; the revocation tells what it has ended", async () => {
  const app = await server.current.newApp();
  const { key, run, stream } = await busyKey(app);
  const [used, unused] = [await app.key(), await app.key()];
  await usedAt(key, new Date());
  await usedAt(used, new Date(Date.now() - 20 * 86_400_000));
  const input = { appId: app.id, filter: { status: "ACTIVE" }, reason: "Cleared." };
  const told = { count: 3, usedInLastDays: 2, recently: 1, streamsEnded: 1, runsCancelled: 1 };

  const dry = await revoke({ ...input, dryRun: true });
  expect(dry).toMatchObject({ ...told, refusedFrom: null });
  expect(dry.keys).toEqual(
    [unused, used, key].map(({ keyId }) => ({ id: keyId, status: "ACTIVE", revokedReason: null })),
  );
  expect(await key.code(viewer)).toBeUndefined();

  const done = await revoke(input);
  expect(done).toMatchObject({ ...told, refusedFrom: expect.any(String) });
  for (const each of done.keys) expect(each).toMatchObject({ status: "REVOKED", revokedReason: "Cleared." });
  for (const each of [key, used, unused]) expect(await each.code(viewer)).toBe("UNAUTHENTICATED");
  await stream.end;
  expect((await finished(server.current.admin, run.id)).status).toBe("CANCELLED");
  expect(await revoke(input)).toMatchObject({ count: 0, streamsEnded: 0, runsCancelled: 0 });
});

test("with runs: FINISH the runs of the revoked keys finish", async () => {
  const app = await server.current.newApp();
  const { key, run } = await busyKey(app);
  expect(await revoke({ ids: [key.keyId], runs: "FINISH" })).toMatchObject({ count: 1, runsCancelled: 0 });
  expect(await key.code(viewer)).toBe("UNAUTHENTICATED");
  model.release();
  expect((await finished(server.current.admin, run.id)).status).toBe("SUCCEEDED");
});

test("exactly the keys that are named, or that match, are revoked", async () => {
  const [app, other] = [await server.current.newApp(), await server.current.newApp()];
  const keys = [await app.key(), await app.key(), await other.key(), await other.key()] as const;
  const valid = async () => (await Promise.all(keys.map((key) => key.code(viewer)))).map((code) => code === undefined);

  expect(await revoke({ ids: [keys[0].keyId, keys[2].keyId, randomUUID()] })).toMatchObject({ count: 2 });
  expect(await valid()).toEqual([false, true, false, true]);
  expect(await revoke({ appId: app.id, filter: { scopeId: keys[3].scopeId } })).toMatchObject({ count: 0 });
  expect(await revoke({ appId: app.id, filter: { scopeId: keys[1].scopeId } })).toMatchObject({ count: 1 });
  expect(await valid()).toEqual([false, false, false, true]);
});

test("an input that names no keys, or keys in two ways, is refused", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const filter = { status: "ACTIVE" };
  const inputs = [
    {},
    { ids: [] },
    { ids: Array.from({ length: 1_001 }, randomUUID) },
    { filter },
    { appId: app.id, filter: {} },
    { appId: app.id, filter: { tag: null } },
    { appId: app.id, ids: [randomUUID()], filter },
  ];
  for (const input of inputs) {
    expect([input, await admin.code(revokeApiKeys, { input })]).toEqual([input, "BAD_USER_INPUT"]);
  }
  expect(await admin.code(revokeApiKeys, { input: { appId: randomUUID(), filter } })).toBe("NOT_FOUND");
});
