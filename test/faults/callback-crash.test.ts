import { randomUUID } from "node:crypto";
import { allowHosts } from "../support/allowed-hosts";
import { attempted, deliveryOf, dueNow, replaceSecret } from "../support/callbacks";
import { type Environment, type TestProcess, useProcesses } from "../support/process";
import { Receiver, verified } from "../support/receiver";
import { execute, executeUnderLoad, runOf } from "../support/runs";

const processes = useProcesses();
let receiver: Receiver;
beforeEach(async () => void (receiver = await Receiver.start()));
afterEach(() => receiver.stop());

async function start(more: Environment = {}) {
  const fresh = { ...(await processes.fresh()), ...allowHosts("127.0.0.1"), ...more };
  const server = await processes.serve(fresh);
  const app = await server.newApp();
  const secret = await replaceSecret(server.admin, app.id);
  return { server, secret, key: await app.key(), agentId: await app.agent() };
}

/** Makes all deliveries due immediately, including those in progress. */
const makeAllDue = (server: TestProcess) =>
  server.sql("UPDATE callback_delivery SET dueAt = '2020-01-01 00:00:00.000'");

test("a callback is delivered by the next start if the server is killed between the run's end and the delivery", async () => {
  const { server, secret, key, agentId } = await start();
  const { port } = receiver;
  const callbackUrl = receiver.url("/");
  await receiver.stop();
  const { run } = await execute(key, { agentId, callbackUrl });
  expect(run.status).toBe("SUCCEEDED");
  expect((await deliveryOf(key, run.id)).status).toBe("PENDING");
  await server.end("SIGKILL");
  expect(receiver.received).toEqual([]);

  receiver = await Receiver.start(port);
  await makeAllDue(server);
  const next = await processes.serve(server.environment);
  const [callback] = await receiver.wait("/");
  expect(verified(callback, secret).data.run).toMatchObject({ id: run.id, status: "SUCCEEDED", output: run.output });
  const client = next.as(key.credential);
  expect(await attempted(client, run.id)).toMatchObject({ status: "DELIVERED" });
  expect(receiver.received).toHaveLength(1);
});

test("a delivery whose server was killed expires, and is retried with the same id", async () => {
  const { server, secret, key, agentId } = await start();
  const { run } = await execute(key, { agentId, callbackUrl: receiver.url("/", "mute", 200) });
  await receiver.wait("/");
  await server.end("SIGKILL");

  const next = await processes.serve(server.environment);
  const client = next.as(key.credential);
  const { id, ...before } = await deliveryOf(client, run.id);
  expect(before).toMatchObject({ status: "PENDING", attempts: [], nextAttemptAt: null });
  await makeAllDue(next);
  const [first, second] = await receiver.wait("/", 2);
  expect([first.headers["webhook-id"], second?.headers["webhook-id"]]).toEqual([id, id]);
  expect(verified(second, secret).data.run.id).toBe(run.id);
  expect(await attempted(client, run.id, 2)).toMatchObject({
    status: "DELIVERED",
    attempts: [
      { httpStatus: null, error: "INTERRUPTED", durationMs: null },
      { httpStatus: 200, error: null },
    ],
  });
});

test("the callback of a run whose server was killed is delivered as INTERRUPTED by the next start", async () => {
  const { server, secret, key, agentId } = await start();
  const { run } = await execute(key, { agentId, callbackUrl: receiver.url("/") });
  await receiver.wait("/");
  await server.end("SIGKILL");
  await server.sql(
    `UPDATE run SET status = 'RUNNING', output = NULL, finishedAt = NULL, eventCount = 2 WHERE id = '${run.id}'`,
  );
  await server.sql(`DELETE FROM run_event WHERE runId = '${run.id}' AND position > 1`);
  await server.sql(
    `UPDATE callback_delivery SET status = 'WAITING', attempts = '[]', begunAt = NULL, dueAt = NULL, claimedAt = NULL WHERE runId = '${run.id}'`,
  );

  const next = await processes.serve(server.environment);
  const [, second] = await receiver.wait("/", 2);
  const ended = await runOf(next.as(key.credential), run.id);
  expect(ended).toMatchObject({ status: "FAILED", error: { code: "INTERRUPTED" } });
  expect(verified(second, secret).data.run).toMatchObject({ id: run.id, error: { code: "INTERRUPTED" } });
});

test("a delivery that does not finish before the server stops is retried by the next start", async () => {
  const { server, key, agentId } = await start();
  const { run } = await execute(key, { agentId, callbackUrl: receiver.url("/", "mute", 200) });
  await receiver.wait("/");
  expect(await server.end("SIGTERM")).toBe(0);

  const next = await processes.serve(server.environment);
  await receiver.wait("/", 2);
  expect(await attempted(next.as(key.credential), run.id, 2)).toMatchObject({
    status: "DELIVERED",
    attempts: [{ httpStatus: null, error: "INTERRUPTED" }, { httpStatus: 200 }],
  });
});

const redisUrl = process.env["TEST_REDIS_URL"];
if (process.env["TEST_DATABASE_URL"] !== undefined && redisUrl !== undefined) {
  test("two processes that share a database make each delivery once", async () => {
    const { server, key, agentId } = await start({ REDIS_URL: redisUrl, REDIS_PREFIX: `test-${randomUUID()}` });
    await processes.serve({ ...server.environment, PORT: "0" });
    const callbackUrls = Array.from({ length: 60 }, (_, i) => receiver.url(`/${i}`, 500, 200));
    const runs = await Promise.all(
      callbackUrls.map(async (callbackUrl) => (await executeUnderLoad(key, { agentId, callbackUrl })).run),
    );
    for (const { id } of runs) {
      const delivery = await attempted(key, id);
      await dueNow(server, delivery.id as string);
    }
    for (const { id } of runs) expect(await attempted(key, id, 2)).toMatchObject({ status: "DELIVERED" });
    expect(receiver.received).toHaveLength(2 * runs.length);
  });
}
