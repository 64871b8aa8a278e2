import { setTimeout as delay } from "node:timers/promises";
import { allowHosts } from "../../support/allowed-hosts";
import { deliveryOf, dueNow, newSender, redeliverCallback } from "../../support/callbacks";
import type { Client } from "../../support/client";
import { useReceiver } from "../../support/receiver";
import { narrow, revocations, revoke } from "../../support/revocations";
import { eventsOf, eventually, execute, expectWhole, finishRuns, finished, runOf } from "../../support/runs";
import { useServer } from "../../support/server";
import type { KeyHolder } from "../../support/test-app";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const receiver = useReceiver();
const server = useServer({ ...allowHosts("127.0.0.1"), SHUTDOWN_GRACE_SECONDS: "1" }, { "test:model": model });
afterEach(() => finishRuns(server.current, model));

const revoked = { status: "CANCELLED", error: { code: "ACCESS_REVOKED" } };
const revokeWith = `mutation ($id: ID!, $runs: RevokedKeyRuns) {
  revokeApiKey(input: { id: $id, runs: $runs }) { apiKey { status revokedAt } }
}`;

const newAgent = async () => {
  const app = await server.current.newApp();
  return { app, agentId: await app.agent({ model: "test:model" }) };
};

/** Starts one run that is held, and others behind it in its session. @returns their ids */
async function busySession(client: Client, agentId: string, queued = 2): Promise<string[]> {
  const before = model.holding;
  const { run, session } = await execute(client, { agentId, text: "one hold two", waitMs: 0 });
  await eventually(() => model.holding === before + 1);
  const ids = [run.id as string];
  for (let i = 0; i < queued; i++) {
    ids.push((await execute(client, { agentId, session: { id: session.id }, waitMs: 0 })).run.id as string);
  }
  return ids;
}

const statesOf = async (ids: readonly string[]): Promise<any[]> =>
  Promise.all(ids.map((id) => runOf(server.current.admin, id)));

test.each(revocations("SESSION_VIEW").slice(0, 3))(
  "when %s, its queued and running runs are cancelled before the answer, and the model is stopped",
  async (_name, takeAccess) => {
    const { app, agentId } = await newAgent();
    const key = await app.key();
    const ids = await busySession(key, agentId);

    await takeAccess(server.current.admin, key, app);
    const answeredAt = performance.now();
    expect(await statesOf(ids)).toMatchObject(ids.map(() => revoked));
    await eventually(() => model.holding === 0, 1_000);
    expect(performance.now() - answeredAt).toBeLessThan(1_000);
    const [running, queued] = await statesOf(ids);
    expect([running.output, queued.output]).toEqual(["one hold ", null]);
    for (const run of [running, queued]) expectWhole(await eventsOf(server.current.admin, run.id), run);
    expect(model.requests.filter(({ text }) => text === "one two")).toEqual([]);
  },
);

test("runs of other keys of the scope, of administrators, and of a key that keeps RUN go on", async () => {
  const { app, agentId } = await newAgent();
  const scopeId = await app.scope({ agents: "FULL", runtime: ["RUN", "SESSION_VIEW"] });
  const [key, other] = [await app.key(scopeId), await app.key(scopeId)];
  const lost = await busySession(key, agentId, 0);
  const kept = [...(await busySession(other, agentId, 1)), ...(await busySession(server.current.admin, agentId, 1))];

  await server.current.admin.data(revoke, { id: key.keyId });
  await server.current.admin.data(narrow, { id: scopeId, runtime: ["RUN"] });
  expect(await statesOf(lost)).toMatchObject([revoked]);
  model.release();
  for (const id of kept) expect(await finished(server.current.admin, id)).toMatchObject({ status: "SUCCEEDED" });
});

const select = (id: string, agentIds: readonly string[]) =>
  server.current.admin.data(`mutation ($input: UpdateScopeInput!) { updateScope(input: $input) { scope { id } } }`, {
    input: { id, permissions: { runtime: ["RUN", "SESSION_VIEW"], agentAccess: "SELECTED", agentIds } },
  });

describe("when an agent is taken off its scope", () => {
  test.each([
    ["by a selection that had it", true],
    ["by a selection in place of all agents", false],
  ])(
    "%s, its queued and running runs are cancelled before the answer, and those with other agents go on",
    async (_, wasSelected) => {
      const { app, agentId } = await newAgent();
      const other = await app.agent({ model: "test:model" });
      const key = await app.key();
      if (wasSelected) await select(key.scopeId, [agentId, other]);
      const lost = await busySession(key, agentId);
      const kept = await busySession(key, other, 1);

      await select(key.scopeId, [other]);
      const answeredAt = performance.now();
      expect(await statesOf(lost)).toMatchObject(lost.map(() => revoked));
      await eventually(() => model.holding === 1, 1_000);
      expect(performance.now() - answeredAt).toBeLessThan(1_000);
      model.release();
      for (const id of kept) expect(await finished(server.current.admin, id)).toMatchObject({ status: "SUCCEEDED" });
    },
  );

  test("the pending callbacks of its runs are cancelled, and those with other agents are not", async () => {
    const { app, key, agentId, path } = await newSender(server.current);
    const other = await app.agent();
    await select(key.scopeId, [agentId, other]);
    const callbackUrl = receiver.current.url(path, 503);
    const [lost, kept] = await Promise.all(
      [agentId, other].map(async (each) => (await execute(key, { agentId: each, callbackUrl })).run.id as string),
    );
    for (const id of [lost, kept])
      await eventually(async () => (await deliveryOf(key, id as string)).attempts.length === 1);
    await select(key.scopeId, [other]);
    const { admin } = server.current;
    await eventually(async () => (await deliveryOf(admin, lost as string)).status === "CANCELLED");
    expect(await deliveryOf(admin, kept as string)).toMatchObject({ status: "PENDING" });
  });

  test("by its deletion, a run that is executed finishes, as it does for keys with all agents", async () => {
    const { app, agentId } = await newAgent();
    const key = await app.key();
    await select(key.scopeId, [agentId]);
    const [running = ""] = await busySession(key, agentId, 0);
    await server.current.admin.data(`mutation ($id: ID!) { deleteAgent(input: { id: $id }) { id } }`, { id: agentId });
    // Longer than the interval at which lost work is looked for.
    await delay(1_200);
    model.release();
    expect(await finished(server.current.admin, running)).toMatchObject({ status: "SUCCEEDED" });
  });
});

test("more runs than fit into one transaction are all cancelled", async () => {
  const { app, agentId } = await newAgent();
  const key = await app.key();
  const [first = ""] = await busySession(key, agentId, 0);
  // Copies of a queued run, since a session holds fewer.
  const [queued = ""] = await Promise.all([
    execute(key, { agentId, text: "hold", waitMs: 0 }).then(({ run }) => run.id),
  ]);
  const session = (await server.current.sql(`SELECT sessionId FROM run WHERE id = '${first}'`))[0]?.["sessionId"];
  const columns = "appId, agentId, input, citations, eventCount, createdAt, starterKind, starterName, apiKeyId";
  for (let i = 0; i < 230; i++) {
    await server.current.sql(
      `INSERT INTO run (id, sessionId, status, ${columns}) SELECT '${queued.slice(0, -4)}${1_000 + i}', '${String(session)}', 'QUEUED', ${columns} FROM run WHERE id = '${first}'`,
    );
  }
  await server.current.admin.data(revoke, { id: key.keyId });
  const count = `SELECT COUNT(*) AS n FROM run WHERE status = 'CANCELLED' AND apiKeyId = '${key.keyId}'`;
  await eventually(async () => Number((await server.current.sql(count))[0]?.["n"]) === 232);
});

describe("revokeApiKey with FINISH", () => {
  test("lets the runs finish and posts them, while the key itself is refused", async () => {
    const { app, key, agentId, path } = await newSender(server.current);
    const callbackUrl = receiver.current.url(path, 200);
    const { run } = await execute(key, { agentId, text: "one hold", waitMs: 0, callbackUrl });
    await eventually(() => model.holding === 1);
    await server.current.admin.data(revokeWith, { id: key.keyId, runs: "FINISH" });
    expect(await key.code(`{ viewer { kind } }`)).toBe("UNAUTHENTICATED");
    // The fate of its scope does not matter afterwards.
    await server.current.admin.data(narrow, { id: key.scopeId, runtime: [] });
    await app.key();
    model.release();
    expect(await finished(server.current.admin, run.id)).toMatchObject({ status: "SUCCEEDED", output: "one hold " });
    await receiver.current.wait(path);
  });

  test("does not tell the key what its run says: waiting ends", async () => {
    const { app, agentId } = await newAgent();
    const key = await app.key();
    const waiting = key.send(
      `mutation ($id: ID!) { executeAgent(input: { agentId: $id, text: "one hold" }) { run { output } } }`,
      { id: agentId },
    );
    void waiting.catch(() => undefined);
    await eventually(() => model.holding === 1);
    await server.current.admin.data(revokeWith, { id: key.keyId, runs: "FINISH" });
    const { body } = await waiting;
    expect(body).toMatchObject({ errors: [{ extensions: { reason: "KEY_REVOKED" } }] });
    expect(body).not.toHaveProperty("data");
  });

  test("is undone by revoking the key again, which changes nothing else", async () => {
    const { app, agentId } = await newAgent();
    const key = await app.key();
    const ids = await busySession(key, agentId);
    const first = await server.current.admin.data(revokeWith, { id: key.keyId, runs: "FINISH" });
    expect((await statesOf(ids)).map(({ status }) => status)).toEqual(["RUNNING", "QUEUED", "QUEUED"]);
    const second = await server.current.admin.data(revoke, { id: key.keyId });
    expect(second).toMatchObject({ revokeApiKey: { apiKey: { id: key.keyId } } });
    expect(await statesOf(ids)).toMatchObject(ids.map(() => revoked));
    // Revoked for good: FINISH comes too late, and the time of the revocation stays.
    expect(await server.current.admin.data(revokeWith, { id: key.keyId, runs: "FINISH" })).toEqual(first);
  });
});

describe("what a process left behind that died after it revoked a key", () => {
  const silently = ({ keyId }: KeyHolder) =>
    server.current.sql(`UPDATE api_key SET revokedAt = '2026-01-01 00:00:00.000' WHERE id = '${keyId}'`);

  test("is ended by the next start", async () => {
    const { key, agentId, path } = await newSender(server.current);
    const callbackUrl = receiver.current.url(path, 500, 200);
    const done = (await execute(key, { agentId, callbackUrl })).run.id as string;
    await receiver.current.wait(path);
    await eventually(async () => (await deliveryOf(server.current.admin, done)).nextAttemptAt !== null);
    const ids = await busySession(key, agentId);

    await server.current.restart(() => silently(key));
    await eventually(async () => (await statesOf(ids)).every(({ status }) => !["QUEUED", "RUNNING"].includes(status)));
    // The shutdown has ended the one that was running.
    expect((await statesOf(ids)).map(({ error }) => error.code)).toEqual([
      "INTERRUPTED",
      "ACCESS_REVOKED",
      "ACCESS_REVOKED",
    ]);
    await eventually(async () => (await deliveryOf(server.current.admin, done)).status === "CANCELLED");
    expect(receiver.current.at(path)).toHaveLength(1);
  });

  test("is not started: a run whose turn comes is cancelled instead", async () => {
    const { app, agentId } = await newAgent();
    const [key, other] = [await app.key(), await app.key()];
    const { run, session } = await execute(other, { agentId, text: "hold", waitMs: 0 });
    await eventually(() => model.holding === 1);
    const queued = (await execute(key, { agentId, session: { id: session.id }, text: "never", waitMs: 0 })).run;
    await silently(key);
    model.release();
    expect(await finished(other, run.id)).toMatchObject({ status: "SUCCEEDED" });
    expect(await finished(other, queued.id)).toMatchObject(revoked);
    expect(model.requests.map(({ text }) => text)).not.toContain("never");
  });

  test("is not posted", async () => {
    const { key, agentId, path } = await newSender(server.current);
    const { run } = await execute(key, { agentId, callbackUrl: receiver.current.url(path, 500, 200) });
    await receiver.current.wait(path);
    await silently(key);
    const { id } = await deliveryOf(server.current.admin, run.id);
    await eventually(async () => {
      await dueNow(server.current, id);
      return (await deliveryOf(server.current.admin, run.id)).status === "CANCELLED";
    });
    expect(receiver.current.at(path)).toHaveLength(1);
  });
});

describe("callbacks of a key that loses RUN", () => {
  test.each(revocations("SESSION_VIEW").slice(0, 3))(
    "are not posted any more when %s: neither of a run that was cancelled, nor of one that had finished",
    async (_name, takeAccess) => {
      const { app, key, agentId, path } = await newSender(server.current);
      const callbackUrl = receiver.current.url(path, 500, 200);
      const { run } = await execute(key, { agentId, callbackUrl });
      await receiver.current.wait(path);
      await eventually(async () => (await deliveryOf(server.current.admin, run.id)).nextAttemptAt !== null);
      const never = receiver.current.url(`${path}/never`, 200);
      const held = (await execute(key, { agentId, text: "hold", waitMs: 0, callbackUrl: never })).run;
      await eventually(() => model.holding === 1);

      await takeAccess(server.current.admin, key, app);
      const { admin } = server.current;
      const [finishedRuns, cancelledRuns] = [await deliveryOf(admin, run.id), await deliveryOf(admin, held.id)];
      expect(finishedRuns).toMatchObject({ status: "CANCELLED", nextAttemptAt: null, attempts: [{ httpStatus: 500 }] });
      expect(cancelledRuns).toMatchObject({ status: "CANCELLED", nextAttemptAt: null, attempts: [] });
      for (const { id } of [finishedRuns, cancelledRuns]) await dueNow(server.current, id);
      await delay(1_500);
      expect([receiver.current.at(path).length, receiver.current.at(`${path}/never`).length]).toEqual([1, 0]);
    },
  );

  test("an attempt in progress is broken off, and its result changes nothing", async () => {
    const { key, agentId, path } = await newSender(server.current);
    const { run } = await execute(key, { agentId, callbackUrl: receiver.current.url(path, "mute") });
    await receiver.current.wait(path);
    await server.current.admin.data(revoke, { id: key.keyId });
    await delay(300);
    expect(await deliveryOf(server.current.admin, run.id)).toMatchObject({ status: "CANCELLED", attempts: [] });
  });

  test("are posted if an administrator redelivers them, on the administrator's behalf", async () => {
    const { key, agentId, path } = await newSender(server.current);
    const { run } = await execute(key, { agentId, callbackUrl: receiver.current.url(path, 500, 500, 200) });
    await receiver.current.wait(path);
    await eventually(async () => (await deliveryOf(server.current.admin, run.id)).nextAttemptAt !== null);
    await server.current.admin.data(revoke, { id: key.keyId });
    const { id } = await deliveryOf(server.current.admin, run.id);
    await server.current.admin.data(redeliverCallback, { id });
    await receiver.current.wait(path, 2);
    // Another change of access does not cancel it again.
    await server.current.admin.data(revoke, { id: key.keyId });
    expect(await deliveryOf(server.current.admin, run.id)).toMatchObject({ status: "PENDING" });
  });
});

describe("who started a run", () => {
  const starter = `query ($id: ID!) { run(id: $id) { apiKey { id hint } startedBy { kind name apiKey { id } } } }`;

  test("is told to administrators and to SESSION_VIEW, as it was then", async () => {
    const { app, agentId } = await newAgent();
    const key = await app.key();
    const { run } = await execute(key, { agentId });
    const rename = `mutation ($id: ID!) { renameApiKey(input: { id: $id, name: "later" }) { apiKey { id } } }`;
    const name = (await key.data(`{ viewer { name } }`)).viewer.name as string;
    await server.current.admin.data(rename, { id: key.keyId });
    for (const client of [key, server.current.admin]) {
      expect((await client.data(starter, { id: run.id })).run).toEqual({
        apiKey: { id: key.keyId, hint: expect.stringMatching(/^latchkey_/) },
        startedBy: { kind: "API_KEY", name, apiKey: { id: key.keyId } },
      });
    }
  });

  test("is the administrator if none of the keys did", async () => {
    const { app, agentId } = await newAgent();
    const { id } = await app.run({ agentId });
    const expected = { apiKey: null, startedBy: { kind: "ADMIN", name: "administrator", apiKey: null } };
    expect((await (await app.key()).data(starter, { id })).run).toEqual(expected);
  });

  test("is unknown for runs that an earlier version has accepted", async () => {
    const { app, agentId } = await newAgent();
    const { id } = await app.run({ agentId });
    await server.current.sql(`UPDATE run SET starterKind = NULL, starterName = NULL WHERE id = '${id}'`);
    expect((await server.current.admin.data(starter, { id })).run).toEqual({ apiKey: null, startedBy: null });
  });
});

test("a repeated execution returns the cancelled run, if its key may run again", async () => {
  const { app, agentId } = await newAgent();
  const key = await app.key();
  const input = { agentId, text: "one hold", waitMs: 0, idempotencyKey: "the same" };
  const { run } = await execute(key, input);
  await eventually(() => model.holding === 1);
  await server.current.admin.data(narrow, { id: key.scopeId, runtime: [] });
  await server.current.admin.data(narrow, { id: key.scopeId, runtime: ["RUN"] });
  expect(await execute(key, input)).toMatchObject({ replayed: true, run: { id: run.id, ...revoked } });
});
