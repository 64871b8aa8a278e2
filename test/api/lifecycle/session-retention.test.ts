import { randomUUID } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { allowHosts } from "../../support/allowed-hosts";
import { attempted, replaceSecret } from "../../support/callbacks";
import { useReceiver } from "../../support/receiver";
import { eventsOf, eventually, execute, expectWhole, refusalOf, runOf } from "../../support/runs";
import { TestServer } from "../../support/server";
import type { KeyHolder } from "../../support/test-app";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const receiver = useReceiver();
let server: TestServer;
afterEach(async () => {
  await model.releaseAll();
  await server.stop();
});

const start = async (settings: Record<string, string>) =>
  (server = await TestServer.start({ ...allowHosts("127.0.0.1"), ...settings }, { "test:model": model }));

async function keyWithAgent(): Promise<{ key: KeyHolder; agentId: string; upload: (id: string) => Promise<string> }> {
  const app = await server.newApp();
  await replaceSecret(server.admin, app.id);
  const agentId = await app.agent({ model: "test:model" });
  return { key: await app.key(), agentId, upload: (id) => app.document(id) };
}

const longAgo = "'2020-01-01 00:00:00.000'";

/** Dates all activity of a session back. */
async function makeIdle(id: string): Promise<void> {
  await server.sql(`UPDATE session SET createdAt = ${longAgo}, lastActivityAt = ${longAgo} WHERE id = '${id}'`);
  await server.sql(`UPDATE run SET finishedAt = ${longAgo} WHERE sessionId = '${id}' AND finishedAt IS NOT NULL`);
}

/** Dates the termination of a session back. */
const ageTermination = (id: string) =>
  server.sql(`UPDATE session SET lastActivityAt = ${longAgo}, terminatedAt = ${longAgo} WHERE id = '${id}'`);

const terminate = (key: KeyHolder, id: string) =>
  key.data(`mutation ($id: ID!) { terminateSession(input: { id: $id }) { session { id } } }`, { id });

async function sessionOf(key: KeyHolder, id: string): Promise<any> {
  const query = `query ($id: ID!) { session(id: $id) {
    status reference terminatedAt documents { id } runs { nodes { id output } } messages { nodes { text } }
  } }`;
  return (await key.data(query, { id })).session;
}

describe("with SESSION_IDLE_HOURS", () => {
  test("a session that was idle for that long is terminated as by terminateSession, and no other is", async () => {
    await start({ SESSION_IDLE_HOURS: "2" });
    const { key, agentId, upload } = await keyWithAgent();
    const ids: string[] = [];
    for (const reference of ["idle", "running", "used recently", "run recently"]) {
      const { session } = await execute(key, { agentId, session: { reference } });
      ids.push(session.id as string);
      await upload(session.id as string);
      await makeIdle(session.id as string);
    }
    const [idle = "", running = "", usedRecently = "", runRecently = ""] = ids;
    const { run } = await execute(key, { agentId, session: { id: running }, text: "one hold", waitMs: 0 });
    await eventually(() => model.holding === 1);
    await makeIdle(running);
    const recently = new Date(Date.now() - 1.9 * 3_600_000).toISOString().replace("T", " ").replace("Z", "");
    await server.sql(`UPDATE session SET lastActivityAt = '${recently}' WHERE id = '${usedRecently}'`);
    await server.sql(`UPDATE run SET finishedAt = '${recently}' WHERE sessionId = '${runRecently}'`);
    await server.sql(`UPDATE run SET status = 'QUEUED', startedAt = NULL, eventCount = 0 WHERE id = '${run.id}'`);
    await server.sql(`DELETE FROM run_event WHERE runId = '${run.id}'`);

    await server.restart();
    await eventually(async () => (await sessionOf(key, idle)).status === "TERMINATED");
    expect(await sessionOf(key, idle)).toMatchObject({
      terminatedAt: expect.any(String),
      documents: [],
      runs: { nodes: [{ output: "one two " }] },
      messages: { nodes: [{ text: "one two" }, { text: "one two " }] },
    });
    for (const id of [running, usedRecently, runRecently]) {
      const session = await sessionOf(key, id);
      expect(session).toMatchObject({ status: "ACTIVE", terminatedAt: null });
      expect(session.documents).toHaveLength(1);
    }
    expect(await refusalOf(key, { agentId, session: { id: idle } })).toBe("SESSION_TERMINATED");
    expect((await execute(key, { agentId, session: { reference: "idle" } })).sessionCreated).toBe(true);
    await eventually(async () => (await countStoredDocuments()) === 3);
  });

  test("more idle sessions than one batch are all terminated", async () => {
    await start({ SESSION_IDLE_HOURS: "2" });
    const { key, agentId } = await keyWithAgent();
    const { session } = await execute(key, { agentId });
    const [row] = await server.sql(`SELECT appId FROM session WHERE id = '${session.id}'`);
    const rows = Array.from(
      { length: 120 },
      () => `('${randomUUID()}', '${String(row?.["appId"])}', 'ACTIVE', ${longAgo}, ${longAgo})`,
    );
    await server.sql(`INSERT INTO session (id, appId, status, createdAt, lastActivityAt) VALUES ${rows.join()}`);
    await server.restart();
    const count = `{ sessions(filter: { status: ACTIVE }) { totalCount } }`;
    await eventually(async () => (await key.data(count)).sessions.totalCount === 1);
    expect(await sessionOf(key, session.id as string)).toMatchObject({ status: "ACTIVE" });
  });
});

describe("with SESSION_RETENTION_DAYS", () => {
  test("the messages and runs of a session that was terminated that long ago are deleted, and nothing else is", async () => {
    await start({ SESSION_RETENTION_DAYS: "1" });
    const { key, agentId } = await keyWithAgent();
    const created: { id: string; runId: string }[] = [];
    for (const reference of ["old", "new", "active"]) {
      const callbackUrl = receiver.current.url("/");
      const { session, run } = await execute(key, {
        ...{ agentId, session: { reference }, callbackUrl, idempotencyKey: reference },
      });
      await execute(key, { agentId, session: { reference } });
      await attempted(key, run.id);
      created.push({ id: session.id as string, runId: run.id as string });
    }
    const [old, recent, active] = created as [(typeof created)[0], (typeof created)[0], (typeof created)[0]];
    for (const { id } of [old, recent]) await terminate(key, id);
    await ageTermination(old.id);
    await makeIdle(active.id);
    const events = Array.from({ length: 2_500 }, (_, i) => `('${old.runId}', ${4 + i}, 'OUTPUT', 'x', ${longAgo})`);
    await server.sql(`INSERT INTO run_event (runId, position, type, text, createdAt) VALUES ${events.join()}`);
    await server.sql(`UPDATE run SET eventCount = ${4 + events.length} WHERE id = '${old.runId}'`);
    await server.sql(`UPDATE idempotency_key SET createdAt = ${longAgo} WHERE runId = '${old.runId}'`);

    await server.restart();
    await eventually(async () => (await sessionOf(key, old.id)).messages.nodes.length === 0);
    expect(await sessionOf(key, old.id)).toEqual({
      status: "TERMINATED",
      reference: "old",
      terminatedAt: "2020-01-01T00:00:00.000Z",
      ...{ documents: [], runs: { nodes: [] }, messages: { nodes: [] } },
    });
    expect(await runOf(key, old.runId)).toBeNull();
    for (const table of ["run_event", "callback_delivery"]) {
      expect(await server.sql(`SELECT runId FROM ${table} WHERE runId = '${old.runId}'`)).toEqual([]);
    }
    await eventually(async () => {
      const rows = await server.sql(`SELECT clearedAt FROM session WHERE id = '${old.id}'`);
      return rows[0]?.["clearedAt"] !== null;
    });

    const [usage] = await server.sql(
      "SELECT messageBytes, (SELECT SUM(countedBytes) FROM run) AS left_over FROM app_usage WHERE messageBytes > 0",
    );
    expect(Number(usage?.["messageBytes"])).toBe(Number(usage?.["left_over"]));
    expect(Number(usage?.["messageBytes"])).toBeGreaterThan(0);

    for (const { id, runId } of [recent, active]) {
      const { runs, messages } = await sessionOf(key, id);
      expect([runs.nodes.length, messages.nodes.length]).toEqual([2, 4]);
      expectWhole(await eventsOf(key, runId), await runOf(key, runId));
      expect(await attempted(key, runId)).toMatchObject({ status: "DELIVERED" });
    }
    const again = { agentId, session: { reference: "old" }, text: "one", idempotencyKey: "old" };
    expect(await execute(key, again)).toMatchObject({ sessionCreated: true, replayed: false });
  });
});

test("without these settings sessions stay as they are, however old", async () => {
  await start({});
  const { key, agentId } = await keyWithAgent();
  const [{ session: active }, { session: ended }] = [await execute(key, { agentId }), await execute(key, { agentId })];
  await terminate(key, ended.id as string);
  await makeIdle(active.id as string);
  await ageTermination(ended.id as string);
  const before = [await sessionOf(key, active.id as string), await sessionOf(key, ended.id as string)];
  await server.restart();
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect([await sessionOf(key, active.id as string), await sessionOf(key, ended.id as string)]).toEqual(before);
});

async function countStoredDocuments(): Promise<number> {
  const names = await readdir(join(server.dataDir, "documents"));
  return new Set(names.map((name) => name.slice(0, 36))).size;
}
