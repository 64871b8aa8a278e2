import { type AddressInfo, createServer } from "node:net";
import { allowHosts } from "../../support/allowed-hosts";
import { productionTimings } from "../../../src/timings";
import { attempted, deliveryOf, dueNow, newSender, redeliverCallback } from "../../support/callbacks";
import { useReceiver, verified } from "../../support/receiver";
import { execute, finishRuns } from "../../support/runs";
import { useServer } from "../../support/server";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const receiver = useReceiver();
const attemptTimeoutMs = 8_000;
const timings = { ...productionTimings, callbacks: { ...productionTimings.callbacks, attemptTimeoutMs } };
const environment = { ...allowHosts("127.0.0.1,localhost") };
const server = useServer(environment, { "test:model": model }, undefined, timings);
afterEach(() => finishRuns(server.current, model));

/** The delay between the end of the last attempt and the next one, in seconds. */
const retryDelaySecondsOf = ({ attempts, nextAttemptAt }: any): number => {
  const { at, durationMs } = attempts.at(-1);
  return (Date.parse(nextAttemptAt) - Date.parse(at) - durationMs) / 1_000;
};

test("a failed delivery is retried after some seconds, then with growing delays, under the same id", async () => {
  const { key, agentId, secret, path } = await newSender(server.current);
  const { run } = await execute(key, { agentId, callbackUrl: receiver.current.url(path, 500, 302, 429, 200) });

  const first = await attempted(key, run.id);
  expect(first).toMatchObject({ status: "PENDING", attempts: [{ httpStatus: 500, error: "REJECTED" }] });
  expect(retryDelaySecondsOf(first)).toBeGreaterThan(4.4);
  await dueNow(server.current, first.id);
  const second = await attempted(key, run.id, 2);
  expect(retryDelaySecondsOf(second)).toBeGreaterThan(26.9);
  await dueNow(server.current, first.id);
  await attempted(key, run.id, 3);
  await dueNow(server.current, first.id);

  expect(await attempted(key, run.id, 4)).toMatchObject({
    status: "DELIVERED",
    nextAttemptAt: null,
    attempts: [{ httpStatus: 500 }, { httpStatus: 302 }, { httpStatus: 429 }, { httpStatus: 200, error: null }],
  });
  const callbacks = receiver.current.at(path);
  expect(callbacks).toHaveLength(4);
  expect(new Set(callbacks.map(({ headers }) => headers["webhook-id"]))).toEqual(new Set([first.id]));
  for (const callback of callbacks) expect(verified(callback, secret).data.run.id).toBe(run.id);
});

test("a delivery fails after 24 hours, or immediately with 410", async () => {
  const { key, agentId, path } = await newSender(server.current);
  const { run } = await execute(key, { agentId, callbackUrl: receiver.current.url(path, 503) });
  const { id } = await attempted(key, run.id);
  await server.current.sql(
    `UPDATE callback_delivery SET begunAt = '2020-01-01 00:00:00.000', dueAt = '2020-01-02 00:00:01.000' WHERE id = '${id}'`,
  );
  expect(await attempted(key, run.id, 2)).toMatchObject({ status: "FAILED", nextAttemptAt: null });

  const { run: gone } = await execute(key, { agentId, callbackUrl: receiver.current.url(`${path}/gone`, 410) });
  expect(await attempted(key, gone.id)).toMatchObject({
    status: "FAILED",
    nextAttemptAt: null,
    attempts: [{ httpStatus: 410, error: "REJECTED" }],
  });
});

test("a redirect is not followed, and an endless response is not read", async () => {
  const { key, agentId, path } = await newSender(server.current);
  const { run: redirected } = await execute(key, { agentId, callbackUrl: receiver.current.url(path, "redirect") });
  expect(await attempted(key, redirected.id)).toMatchObject({
    status: "PENDING",
    attempts: [{ httpStatus: 302, error: "REJECTED" }],
  });
  expect(receiver.current.at("/target")).toEqual([]);

  const { run } = await execute(key, { agentId, callbackUrl: receiver.current.url(`${path}/endless`, "endless") });
  expect(await attempted(key, run.id)).toMatchObject({ status: "DELIVERED", attempts: [{ httpStatus: 200 }] });
});

test("a receiver that sends `100 Continue` unasked before its status has received the callback", async () => {
  const { key, agentId } = await newSender(server.current);
  let posted = 0;
  const receiving = createServer((socket) => {
    let received = "";
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      if (received === "") socket.write("HTTP/1.1 100 Continue\r\n\r\n");
      received += data.toString();
      if (!/"omitted":\S*}$/.test(received)) return;
      posted++;
      socket.end("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    });
  });
  await new Promise<void>((resolve) => receiving.listen(0, "127.0.0.1", resolve));
  const { port } = receiving.address() as AddressInfo;
  try {
    const { run } = await execute(key, { agentId, callbackUrl: `http://127.0.0.1:${port}/` });
    expect(await attempted(key, run.id)).toMatchObject({
      status: "DELIVERED",
      attempts: [{ httpStatus: 200, error: null }],
    });
    expect(posted).toBe(1);
  } finally {
    receiving.close();
  }
});

test("a receiver that does not respond in time is retried, and delays no other delivery", async () => {
  const [slow, other] = [await newSender(server.current), await newSender(server.current)];
  const callbackUrl = receiver.current.url(slow.path, "mute");
  const runs: any[] = [];
  for (let i = 0; i < 20; i++) {
    runs.push((await execute(slow.key, { agentId: slow.agentId, callbackUrl })).run);
  }
  await receiver.current.wait(slow.path, 4);

  const { run } = await execute(other.key, { agentId: other.agentId, callbackUrl: receiver.current.url(other.path) });
  expect(await attempted(other.key, run.id)).toMatchObject({ status: "DELIVERED" });
  const elsewhere = receiver.current.url(`${slow.path}/elsewhere`).replace("127.0.0.1", "localhost");
  const { run: own } = await execute(slow.key, { agentId: slow.agentId, callbackUrl: elsewhere });
  expect(await attempted(slow.key, own.id)).toMatchObject({ status: "DELIVERED" });
  expect(receiver.current.at(slow.path)).toHaveLength(4);
  const [inFlight] = await Promise.all(runs.map(({ id }) => deliveryOf(slow.key, id)));
  expect(inFlight).toMatchObject({ status: "PENDING", attempts: [], nextAttemptAt: null });
  expect(await slow.key.code(redeliverCallback, { id: inFlight.id })).toBe("CONFLICT");

  const late = await attempted(slow.key, runs[0].id);
  expect(late).toMatchObject({ status: "PENDING", attempts: [{ httpStatus: null, error: "TIMEOUT" }] });
  expect(late.attempts[0].durationMs).toBeGreaterThanOrEqual(attemptTimeoutMs - 100);
  expect(retryDelaySecondsOf(late)).toBeGreaterThan(4.4);
  await receiver.current.wait(slow.path, 8);
});

describe("a delivery that was delivered or has failed", () => {
  test("can be redelivered by a caller with RUN in the app, under the same id", async () => {
    const { key, agentId, secret, path } = await newSender(server.current);
    const { run } = await execute(key, { agentId, callbackUrl: receiver.current.url(path, 200, 410, 200) });
    const { id } = await attempted(key, run.id);
    for (const [client, attempts, status] of [
      [key, 2, "FAILED"],
      [server.current.admin, 3, "DELIVERED"],
    ] as const) {
      const { redeliverCallback: again } = await client.data(redeliverCallback, { id });
      expect(again.callbackDelivery).toMatchObject({ id, runId: run.id, status: "PENDING" });
      expect(await attempted(key, run.id, attempts)).toMatchObject({ id, status });
    }
    const callbacks = receiver.current.at(path);
    expect(callbacks.map(({ headers }) => headers["webhook-id"])).toEqual([id, id, id]);
    for (const callback of callbacks) expect(verified(callback, secret).data.run.id).toBe(run.id);
  });

  test("cannot be redelivered before the run has finished", async () => {
    const { key, agentId, path } = await newSender(server.current);
    const callbackUrl = receiver.current.url(path);
    const { run } = await execute(key, { agentId, text: "hold", waitMs: 0, callbackUrl });
    const { id } = await deliveryOf(key, run.id);
    expect(await key.code(redeliverCallback, { id })).toBe("CONFLICT");
    expect(receiver.current.at(path)).toEqual([]);
  });
});

describe("the list of deliveries", () => {
  const list = `query ($appId: ID, $runId: ID, $first: Int, $after: String) {
    callbackDeliveries(appId: $appId, runId: $runId, first: $first, after: $after) {
      totalCount nodes { runId } pageInfo { hasNextPage endCursor }
    }
  }`;

  test("is read by run or by app by an administrator, newest first, and by run only with a key", async () => {
    const { admin } = server.current;
    const { appId, key, agentId, path } = await newSender(server.current);
    const runs: any[] = [];
    for (let i = 0; i < 3; i++) {
      runs.push((await execute(key, { agentId, callbackUrl: receiver.current.url(path) })).run);
    }
    const { run: withoutCallback } = await execute(key, { agentId });
    const runIds = runs.map(({ id }) => id as string).reverse();

    const { callbackDeliveries: page } = await admin.data(list, { appId, first: 2 });
    expect(page).toMatchObject({ totalCount: 3, pageInfo: { hasNextPage: true } });
    expect(page.nodes).toEqual(runIds.slice(0, 2).map((runId) => ({ runId })));
    const { callbackDeliveries: rest } = await admin.data(list, { appId, first: 2, after: page.pageInfo.endCursor });
    expect(rest).toMatchObject({ nodes: [{ runId: runIds[2] }], pageInfo: { hasNextPage: false } });

    for (const client of [admin, key]) {
      const { callbackDeliveries: one } = await client.data(list, { runId: runIds[0] });
      expect(one).toMatchObject({ totalCount: 1, nodes: [{ runId: runIds[0] }] });
      const { callbackDeliveries: none } = await client.data(list, { runId: withoutCallback.id });
      expect(none).toMatchObject({ totalCount: 0, nodes: [] });
    }
    expect(await admin.code(list, {})).toBe("BAD_USER_INPUT");
    for (const variables of [{}, { appId }]) expect(await key.code(list, variables)).toBe("BAD_USER_INPUT");
    const other = await server.current.newApp();
    const { callbackDeliveries: foreign } = await admin.data(list, { appId: other.id, runId: runIds[0] });
    expect(foreign.totalCount).toBe(0);
  });
});
