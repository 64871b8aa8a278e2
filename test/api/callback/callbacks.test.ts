import { allowHosts } from "../../support/allowed-hosts";
import { attempted, deliveryOf, dueNow, newSender, replaceSecret } from "../../support/callbacks";
import { useReceiver, verified } from "../../support/receiver";
import { cancel, eventually, execute, executeAgent, finishRuns, finished, refusalOf, runOf } from "../../support/runs";
import { useServer } from "../../support/server";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const receiver = useReceiver();
const server = useServer({ ...allowHosts("127.0.0.1") }, { "test:model": model });
afterEach(() => finishRuns(server.current, model));

test("a finished run is posted with a signature that the Standard Webhooks library verifies", async () => {
  const { key, agentId, secret, path } = await newSender(server.current);
  const { run, session } = await execute(key, { agentId, callbackUrl: receiver.current.url(`${path}?token=a%20b`) });

  const [callback] = await receiver.current.wait(`${path}?token=a%20b`);
  expect(secret).toMatch(/^whsec_[0-9A-Za-z+/]{43}=$/);
  expect(callback.method).toBe("POST");
  expect(callback.headers).toMatchObject({ "content-type": "application/json", "user-agent": "Latchkey" });
  const { id, status, output, error, createdAt, startedAt, finishedAt } = run;
  expect(verified(callback, secret)).toEqual({
    type: "run.finished",
    timestamp: finishedAt,
    data: {
      run: {
        ...{ id, status, output, error, createdAt, startedAt, finishedAt },
        ...{ citations: [], usage: null, agentId, sessionId: session.id },
      },
      omitted: [],
    },
  });
  expect(run).toMatchObject({ status: "SUCCEEDED", output: "one two " });

  const delivery = await attempted(key, run.id);
  expect(delivery).toEqual({
    id: callback.headers["webhook-id"],
    runId: run.id,
    status: "DELIVERED",
    createdAt: expect.any(String),
    nextAttemptAt: null,
    attempts: [{ at: expect.any(String), httpStatus: 200, error: null, durationMs: expect.any(Number) }],
  });
});

test("the payload has the citations of the answer", async () => {
  const app = await server.current.newApp();
  const secret = await replaceSecret(server.current.admin, app.id);
  const sessionId = await app.session();
  const documentId = await app.document(sessionId, "The barn is red.", "barn.txt");
  const callbackUrl = receiver.current.url("/citations");
  await app.run({ agentId: await app.agent(), session: { id: sessionId }, callbackUrl });

  const [callback] = await receiver.current.wait("/citations");
  expect(verified(callback, secret).data.run.citations).toEqual([
    {
      document: { id: documentId, filename: "barn.txt", mimeType: "text/plain", size: 16 },
      quote: "The barn is red.",
      page: null,
    },
  ]);
});

test("a run that is too large is posted without its large fields", async () => {
  const { key, agentId, secret, path } = await newSender(server.current);
  const { run, session } = await execute(key, { agentId, callbackUrl: receiver.current.url(path, 500, 200) });
  const { id } = await attempted(key, run.id);
  const large = `REPLACE('${"x".repeat(1_000)}', 'x', '${"\u0001".repeat(200)}')`;
  await server.current.sql(`UPDATE run SET output = ${large} WHERE id = '${run.id}'`);
  await dueNow(server.current, id);

  const [, callback] = await receiver.current.wait(path, 2);
  const { data } = verified(callback, secret);
  expect(data).toMatchObject({
    run: { id: run.id, status: "SUCCEEDED", output: null, citations: [], sessionId: session.id },
    omitted: ["output", "citations"],
  });
});

test("a run is posted once when it ends, however it ends, and not before", async () => {
  const { key, agentId, secret, path } = await newSender(server.current);
  const url = (name: string) => receiver.current.url(`${path}/${name}`);
  const { run: failed } = await execute(key, { agentId, text: "one fail", callbackUrl: url("failed") });
  const start = async (name: string) => {
    const input = { agentId, session: { reference: name }, text: "one hold", waitMs: 0, callbackUrl: url(name) };
    const { run } = await execute(key, input);
    await eventually(async () => (await runOf(key, run.id)).status === "RUNNING");
    return run;
  };
  const [cancelled, terminated, interrupted] = [
    await start("cancelled"),
    await start("terminated"),
    await start("interrupted"),
  ];
  const { run: queued } = await execute(key, {
    ...{ agentId, session: { reference: "interrupted" }, text: "two", waitMs: 0, callbackUrl: url("queued") },
  });
  expect(await deliveryOf(key, cancelled.id)).toMatchObject({ status: "WAITING", attempts: [], nextAttemptAt: null });
  expect(receiver.current.received.map((each) => each.path).filter((each) => each.startsWith(path))).toEqual(
    expect.not.arrayContaining([`${path}/cancelled`, `${path}/terminated`, `${path}/interrupted`, `${path}/queued`]),
  );

  await cancel(key, cancelled.id);
  await key.data(`mutation { terminateSession(input: { reference: "terminated" }) { session { id } } }`);
  await server.current.restart();

  for (const [name, { id }, end] of [
    ["failed", failed, { status: "FAILED", error: { code: "MODEL_FAILED" } }],
    ["cancelled", cancelled, { status: "CANCELLED" }],
    ["terminated", terminated, { status: "CANCELLED" }],
    ["interrupted", interrupted, { status: "FAILED", error: { code: "INTERRUPTED" } }],
    ["queued", queued, { status: "SUCCEEDED", output: "two " }],
  ] as const) {
    const [callback] = await receiver.current.wait(`${path}/${name}`);
    const { data } = verified(callback, secret);
    expect(data.run).toMatchObject({ id, ...end });
    const { status, output, finishedAt } = await finished(key, id);
    expect(data.run).toMatchObject({ status, output, finishedAt });
    expect(await attempted(key, id)).toMatchObject({ status: "DELIVERED", attempts: [{ httpStatus: 200 }] });
    expect(receiver.current.at(`${path}/${name}`)).toHaveLength(1);
  }
});

describe("a URL", () => {
  test.each([
    ["ftp://example.com/a", "http"],
    ["example.com", "http"],
    ["https://user:password@example.com/", "user name"],
    ["https://example.com/#a", "fragment"],
    [`https://${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(63)}.example.com/`, "host"],
    [`https://example.com/${"a".repeat(2_000)}`, "2,000 characters"],
    ["http://localhost/", "CALLBACK_ALLOWED_HOSTS"],
    ["http://[::ffff:127.0.0.1]/", "CALLBACK_ALLOWED_HOSTS"],
    ["http://169.254.169.254/latest/meta-data/", "CALLBACK_ALLOWED_HOSTS"],
  ])("like %s is refused, and nothing is executed", async (callbackUrl, reason) => {
    const { key, agentId } = await newSender(server.current);
    const [error] = await key.errors(executeAgent, { input: { agentId, text: "one", callbackUrl } });
    expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field: "input.callbackUrl" }] });
    expect(error?.message).toContain(reason);
    expect(error?.message).not.toContain(callbackUrl);
    expect((await key.data(`{ sessions { totalCount } }`)).sessions.totalCount).toBe(0);
  });

  test("is checked again at each attempt", async () => {
    const { key, agentId, path } = await newSender(server.current);
    const { run } = await execute(key, { agentId, callbackUrl: receiver.current.url(path, 500) });
    const { id } = await attempted(key, run.id);
    const elsewhere = `http://localhost:${receiver.current.port}${path}`;
    await server.current.sql(`UPDATE callback_delivery SET url = '${elsewhere}' WHERE id = '${id}'`);
    await dueNow(server.current, id);
    expect(await attempted(key, run.id, 2)).toMatchObject({
      status: "PENDING",
      attempts: [{ httpStatus: 500 }, { httpStatus: null, error: "ADDRESS_REFUSED" }],
    });
    expect(receiver.current.at(path)).toHaveLength(1);
  });

  test("that is unreachable is retried", async () => {
    const { key, agentId } = await newSender(server.current);
    const { run } = await execute(key, { agentId, callbackUrl: "http://127.0.0.1:9/" });
    expect(await attempted(key, run.id)).toMatchObject({
      status: "PENDING",
      attempts: [{ httpStatus: null, error: "UNREACHABLE" }],
    });
  });
});

test("an execution with a callback in an app without a secret is refused and names the mutation that creates one", async () => {
  const app = await server.current.newApp();
  const [key, agentId] = [await app.key(), await app.agent({ model: "test:model" })];
  const input = { agentId, text: "one", callbackUrl: receiver.current.url("/none"), idempotencyKey: "k" };
  const [error] = await key.errors(executeAgent, { input });
  expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field: "input.callbackUrl" }] });
  expect(error?.message).toContain("replaceCallbackSecret");
  expect((await key.data(`{ sessions { totalCount } }`)).sessions.totalCount).toBe(0);

  await replaceSecret(server.current.admin, app.id);
  expect((await execute(key, input)).replayed).toBe(false);
});

test("an idempotency key covers the callback URL: the same URL posts nothing again, another URL is other input", async () => {
  const { key, agentId, path } = await newSender(server.current);
  const callbackUrl = receiver.current.url(path);
  const input = { agentId, callbackUrl, idempotencyKey: "k" };
  const { run } = await execute(key, input);
  await attempted(key, run.id);

  expect(await execute(key, input)).toMatchObject({ replayed: true, run: { id: run.id } });
  for (const other of [`${callbackUrl}/other`, null]) {
    expect(await refusalOf(key, { ...input, callbackUrl: other })).toBe("IDEMPOTENCY_CONFLICT");
  }
  expect((await deliveryOf(key, run.id)).attempts).toHaveLength(1);
  expect(receiver.current.at(path)).toHaveLength(1);
});

test("a deleted app loses its callback secrets and deliveries, and posts nothing", async () => {
  const { appId, key, agentId, path } = await newSender(server.current);
  const { run } = await execute(key, { agentId, callbackUrl: receiver.current.url(path, 500) });
  await attempted(key, run.id);
  const { run: running } = await execute(key, {
    ...{ agentId, text: "hold", waitMs: 0, callbackUrl: receiver.current.url(`${path}/running`) },
  });
  await eventually(async () => (await runOf(key, running.id)).status === "RUNNING");
  await server.current.admin.data(`mutation ($id: ID!) { deleteApp(input: { id: $id }) { id } }`, { id: appId });
  for (const table of ["callback_secret", "callback_delivery"]) {
    expect(await server.current.sql(`SELECT id FROM ${table} WHERE appId = '${appId}'`)).toEqual([]);
  }
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(receiver.current.at(`${path}/running`)).toEqual([]);
});
