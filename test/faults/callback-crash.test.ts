import { attempted, deliveryOf, dueNow, replaceSecret } from "../support/callbacks";
import { type TestProcess, useProcesses } from "../support/process";
import { Receiver, verified } from "../support/receiver";
import { execute, executeAmongMany, runOf } from "../support/runs";

const processes = useProcesses();
let receiver: Receiver;
beforeEach(async () => void (receiver = await Receiver.start()));
afterEach(() => receiver.stop());

async function begin() {
  const fresh = { ...(await processes.fresh()), MODEL_ALLOWED_HOSTS: "127.0.0.1" };
  const server = await processes.serve(fresh);
  const app = await server.newApp();
  const secret = await replaceSecret(server.admin, app.id);
  return { server, secret, key: await app.key(), agentId: await app.agent() };
}

/** Lets it be as if the time of all that is under way or to come was over. */
const due = (server: TestProcess) => server.sql("UPDATE callback_delivery SET dueAt = '2020-01-01 00:00:00.000'");

test("kill -9 between a run's end and its delivery: the next start delivers it", async () => {
  const { server, secret, key, agentId } = await begin();
  const { port } = receiver;
  const callbackUrl = receiver.url("/");
  await receiver.stop();
  const { run } = await execute(key, { agentId, callbackUrl });
  expect(run.status).toBe("SUCCEEDED");
  expect((await deliveryOf(key, run.id)).status).toBe("PENDING");
  await server.end("SIGKILL");
  expect(receiver.received).toEqual([]);

  receiver = await Receiver.start(port);
  await due(server);
  const next = await processes.serve(server.environment);
  const [callback] = await receiver.wait("/");
  expect(verified(callback, secret).data.run).toMatchObject({ id: run.id, status: "SUCCEEDED", output: run.output });
  const again = next.as(key.credential);
  expect(await attempted(again, run.id)).toMatchObject({ status: "DELIVERED" });
  expect(receiver.received).toHaveLength(1);
});

test("kill -9 in the middle of a delivery: it is taken for dead after its time, and made again under the same id", async () => {
  const { server, secret, key, agentId } = await begin();
  const { run } = await execute(key, { agentId, callbackUrl: receiver.url("/", "mute", 200) });
  await receiver.wait("/");
  await server.end("SIGKILL");

  const next = await processes.serve(server.environment);
  const again = next.as(key.credential);
  const { id, ...before } = await deliveryOf(again, run.id);
  expect(before).toMatchObject({ status: "PENDING", attempts: [], nextAttemptAt: null });
  await due(next);
  const [first, second] = await receiver.wait("/", 2);
  expect([first.headers["webhook-id"], second?.headers["webhook-id"]]).toEqual([id, id]);
  expect(verified(second, secret).data.run.id).toBe(run.id);
  expect(await attempted(again, run.id, 2)).toMatchObject({
    status: "DELIVERED",
    attempts: [
      { httpStatus: null, error: "INTERRUPTED", durationMs: null },
      { httpStatus: 200, error: null },
    ],
  });
});

test("kill -9 in the middle of a run: its end as INTERRUPTED is delivered by the next start", async () => {
  const { server, secret, key, agentId } = await begin();
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

test("a server that is told to stop lets a delivery finish, or else leaves it to the next start", async () => {
  const { server, key, agentId } = await begin();
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

if (process.env["TEST_DATABASE_URL"] !== undefined) {
  test("of two processes at one database each delivery is made by one", async () => {
    const { server, key, agentId } = await begin();
    await processes.serve({ ...server.environment, PORT: "0" });
    const callbackUrls = Array.from({ length: 60 }, (_, i) => receiver.url(`/${i}`, 500, 200));
    const runs = await Promise.all(
      callbackUrls.map(async (callbackUrl) => (await executeAmongMany(key, { agentId, callbackUrl })).run),
    );
    for (const { id } of runs) {
      const delivery = await attempted(key, id);
      await dueNow(server, delivery.id as string);
    }
    for (const { id } of runs) expect(await attempted(key, id, 2)).toMatchObject({ status: "DELIVERED" });
    expect(receiver.received).toHaveLength(2 * runs.length);
  });
}
