import { eventually, execute, executeAgent, finishRuns, finished, refusalOf } from "../../support/runs";
import { useServer } from "../../support/server";
import type { KeyHolder, TestApp } from "../../support/test-app";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const server = useServer({}, { "test:model": model });
afterEach(() => finishRuns(server.current, model));

const unknown = "00000000-0000-7000-8000-000000000000";

async function appWithAgent(): Promise<[app: TestApp, agentId: string, key: KeyHolder]> {
  const app = await server.current.newApp();
  return [app, await app.agent({ model: "test:model" }), await app.key()];
}

async function runsOf(key: KeyHolder): Promise<string[]> {
  const query = `{ sessions(first: 50) { nodes { runs(first: 50) { nodes { id } } } } }`;
  const { sessions } = await key.data(query);
  return sessions.nodes.flatMap(({ runs }: any) => runs.nodes.map(({ id }: any) => id));
}

test("a repeated execution with the same key returns the first run and executes nothing", async () => {
  const [, agentId, key] = await appWithAgent();
  const input = { agentId, text: "once", idempotencyKey: "k" };
  const first = await execute(key, input);
  expect(first).toMatchObject({ replayed: false, sessionCreated: true, run: { status: "SUCCEEDED" } });

  for (const waitMs of [undefined, 0, 120_000]) {
    const again = await execute(key, { ...input, waitMs });
    expect(again).toEqual({ ...first, replayed: true, sessionCreated: false });
  }
  expect(await runsOf(key)).toEqual([first.run.id]);
  expect(model.requests.filter(({ text }) => text === "once")).toHaveLength(1);
});

test("an empty session is the same as none for a repeated execution", async () => {
  const [, agentId, key] = await appWithAgent();
  const sessions = [undefined, null, {}, { id: null }, { reference: null, userReference: null, metadata: null }];
  const first = await execute(key, { agentId, text: "any", session: {}, idempotencyKey: "empty" });
  for (const session of sessions) {
    const again = await execute(key, { agentId, text: "any", session, idempotencyKey: "empty" });
    expect(again).toEqual({ ...first, replayed: true, sessionCreated: false });
  }
  const other = { agentId, text: "any", session: { metadata: {} }, idempotencyKey: "empty" };
  expect(await refusalOf(key, other)).toBe("IDEMPOTENCY_CONFLICT");
});

test("a repeated execution waits for the first run while it is running", async () => {
  const [, agentId, key] = await appWithAgent();
  const input = { agentId, text: "one hold", idempotencyKey: "k" };
  const { run } = await execute(key, { ...input, waitMs: 0 });
  await eventually(() => model.holding === 1);
  const again = execute(key, input);
  expect(await execute(key, { ...input, waitMs: 0 })).toMatchObject({ replayed: true, run: { status: "RUNNING" } });
  model.release();
  expect(await again).toMatchObject({ replayed: true, run: { id: run.id, status: "SUCCEEDED" } });
});

test("the same key with any other input fails with IDEMPOTENCY_CONFLICT", async () => {
  const [app, agentId, key] = await appWithAgent();
  const session = { reference: "order", userReference: "ada", metadata: { a: 1, b: { c: 2, d: 3 } } };
  const input = { agentId, text: "one", session, idempotencyKey: "k" };
  const { run } = await execute(key, input);

  const others = [
    { text: "two" },
    { text: "one " },
    { agentId: await app.agent({ model: "test:model" }) },
    { session: null },
    { session: { ...session, reference: "orders" } },
    { session: { ...session, userReference: "eve" } },
    { session: { ...session, metadata: { a: 1, b: { c: 2, d: 4 } } } },
    { session: { ...session, id: await app.session() } },
    { onBusy: "REJECT" },
  ];
  for (const other of others) {
    expect([other, await refusalOf(key, { ...input, ...other })]).toEqual([other, "IDEMPOTENCY_CONFLICT"]);
  }
  // Neither the order of an object's fields nor an explicit default makes a difference.
  const sameMetadata = { b: { d: 3, c: 2 }, a: 1 };
  const same = { ...input, session: { ...session, metadata: sameMetadata }, onBusy: "ENQUEUE" };
  expect(await execute(key, same)).toMatchObject({ replayed: true, run: { id: run.id } });
});

test("callers do not share idempotency keys", async () => {
  const [app, agentId, key] = await appWithAgent();
  const other = await app.key(key.scopeId);
  const ids = new Set<string>();
  for (const caller of [key, other, server.current.admin]) {
    const { run, replayed } = await execute(caller, { agentId, idempotencyKey: "k" });
    expect(replayed).toBe(false);
    ids.add(run.id);
  }
  expect(ids.size).toBe(3);
  expect(await refusalOf(other, { agentId, idempotencyKey: "k", text: "other" })).toBe("IDEMPOTENCY_CONFLICT");
});

test("keys are compared byte for byte, and have 1 to 255 characters", async () => {
  const [, agentId, key] = await appWithAgent();
  const keys = ["key", "Key", "key ", " key", "kéy", "ke\u0301y", "🐴".repeat(255), "x".repeat(255), "x".repeat(254)];
  for (const replayed of [false, true]) {
    for (const idempotencyKey of keys) {
      expect((await execute(key, { agentId, idempotencyKey })).replayed).toBe(replayed);
    }
  }
  for (const idempotencyKey of ["", "x".repeat(256), "❤\ufe0f".repeat(128)]) {
    const [error] = await key.errors(executeAgent, { input: { agentId, text: "one", idempotencyKey } });
    expect(error?.extensions).toMatchObject({ fields: [{ field: "input.idempotencyKey" }] });
  }
  for (let i = 0; i < 2; i++) {
    expect((await execute(key, { agentId, idempotencyKey: null })).replayed).toBe(false);
  }
});

test.each(["a new session", "a session by reference"])(
  "of twenty concurrent executions with one key and %s one executes, and all return its run",
  async (name) => {
    const [, agentId, key] = await appWithAgent();
    const session = name === "a new session" ? {} : { reference: "order" };
    const input = { agentId, session, idempotencyKey: "k", onBusy: "REJECT" };
    const answers = await Promise.all(Array.from({ length: 20 }, () => execute(key, input)));

    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(answers.filter(({ sessionCreated }) => sessionCreated)).toHaveLength(1);
    expect(await runsOf(key)).toEqual([answers[0].run.id]);
    for (const { run } of answers) expect(run).toEqual(answers[0].run);
  },
);

test("of two concurrent executions with one key and different input one is refused", async () => {
  const [, agentId, key] = await appWithAgent();
  for (let round = 0; round < 5; round++) {
    const codes = await Promise.all(
      ["one", "two"].map((text) => refusalOf(key, { agentId, text, idempotencyKey: `${round}` })),
    );
    expect(codes.filter((code) => code === undefined)).toHaveLength(1);
    expect(codes.filter((code) => code === "IDEMPOTENCY_CONFLICT")).toHaveLength(1);
  }
});

test("a refused execution does not use up its key", async () => {
  const [app, agentId, key] = await appWithAgent();
  const busy = { reference: "busy" };
  const { run } = await execute(key, { agentId, session: busy, text: "hold", waitMs: 0 });
  const terminated = await app.session();
  const terminate = `mutation ($id: ID!) { terminateSession(input: { id: $id }) { session { id } } }`;
  await key.data(terminate, { id: terminated });

  const refused = {
    NOT_FOUND: { agentId: unknown },
    SESSION_BUSY: { session: busy, onBusy: "REJECT" },
    SESSION_TERMINATED: { session: { id: terminated } },
    BAD_USER_INPUT: { text: " " },
  };
  for (const [idempotencyKey, input] of Object.entries(refused)) {
    for (let i = 0; i < 2; i++) {
      expect(await refusalOf(key, { agentId, idempotencyKey, ...input })).toBe(idempotencyKey);
    }
    expect((await execute(key, { agentId, idempotencyKey })).replayed).toBe(false);
  }
  await eventually(() => model.holding === 1);
  model.release();
  await finished(key, run.id);
});

test("a key also returns a run that failed or was cancelled", async () => {
  const [, agentId, key] = await appWithAgent();
  for (const text of ["one fail", "one hold"]) {
    const input = { agentId, text, idempotencyKey: text };
    const { run } = await execute(key, { ...input, waitMs: 0 });
    if (text === "one hold") await key.data(`mutation { cancelRun(input: { id: "${run.id}" }) { run { id } } }`);
    const ended = await finished(key, run.id);
    expect(await execute(key, input)).toMatchObject({ replayed: true, run: ended });
  }
});

test("a key still returns its run after its session was terminated and its agent deleted", async () => {
  const [, agentId, key] = await appWithAgent();
  const input = { agentId, session: { reference: "order" }, idempotencyKey: "k" };
  const { run, session } = await execute(key, input);
  await key.data(`mutation { terminateSession(input: { reference: "order" }) { session { id } } }`);
  await key.data(`mutation { deleteAgent(input: { id: "${agentId}" }) { id } }`);
  expect(await execute(key, input)).toMatchObject({ replayed: true, run, session });
});

describe("after 24 hours", () => {
  const minute = 60_000;
  const day = 24 * 60 * minute;

  /** Dates the run's key back. */
  async function age(runId: string, ms: number): Promise<void> {
    const then = new Date(Date.now() - ms).toISOString().replace("T", " ").replace("Z", "");
    await server.current.sql(`UPDATE idempotency_key SET createdAt = '${then}' WHERE runId = '${runId}'`);
  }

  test("a key can be used again, with other input, for another 24 hours", async () => {
    const [, agentId, key] = await appWithAgent();
    const input = { agentId, idempotencyKey: "k" };
    const first = await execute(key, input);
    await age(first.run.id, day - minute);
    expect((await execute(key, input)).run.id).toBe(first.run.id);

    await age(first.run.id, day + minute);
    const second = await execute(key, { ...input, text: "other" });
    expect(second).toMatchObject({ replayed: false, run: { input: "other" } });
    expect(await execute(key, { ...input, text: "other" })).toMatchObject({
      replayed: true,
      run: { id: second.run.id },
    });
    expect(await refusalOf(key, input)).toBe("IDEMPOTENCY_CONFLICT");
  });

  test("of many concurrent executions one executes", async () => {
    const [, agentId, key] = await appWithAgent();
    const input = { agentId, idempotencyKey: "k" };
    await age((await execute(key, input)).run.id, day + minute);
    const answers = await Promise.all(Array.from({ length: 12 }, () => execute(key, input)));
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(new Set(answers.map(({ run }) => run.id)).size).toBe(1);
    expect(await runsOf(key)).toHaveLength(2);
  });

  test("the next start deletes expired keys", async () => {
    const [, agentId, key] = await appWithAgent();
    const [old, recent] = [
      await execute(key, { agentId, idempotencyKey: "old" }),
      await execute(key, { agentId, idempotencyKey: "recent" }),
    ];
    await age(old.run.id, day + minute);
    await age(recent.run.id, day - minute);
    await server.current.restart();
    const remaining = `SELECT runId FROM idempotency_key WHERE runId IN ('${old.run.id}', '${recent.run.id}')`;
    await eventually(async () => (await server.current.sql(remaining)).length === 1);
    expect(await server.current.sql(remaining)).toEqual([{ runId: recent.run.id }]);
  });
});
