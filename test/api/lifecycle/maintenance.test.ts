import { randomBytes, randomUUID } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { allowHosts } from "../../support/allowed-hosts";
import { attempted, deliveryOf, redeliverCallback, replaceSecret } from "../../support/callbacks";
import { useReceiver } from "../../support/receiver";
import { eventually, execute } from "../../support/runs";
import { useServer } from "../../support/server";
import { changesOf } from "../../support/statements";

const server = useServer({ ...allowHosts("127.0.0.1") });
const receiver = useReceiver();

const longAgo = "'2020-01-01 00:00:00.000'";

test("the server starts if there are more document files than one statement can list", async () => {
  const app = await server.current.newApp();
  const folder = join(server.current.dataDir, "documents");
  for (let i = 0; i < 33_000; i++) closeSync(openSync(join(folder, randomUUID()), "w"));
  await server.current.restart();
  expect(await (await app.key()).code(`{ viewer { name } }`)).toBeUndefined();
});

test("idempotency keys are deleted after a day in small transactions, and younger ones are kept", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const input = { agentId: await app.agent(), idempotencyKey: "recent" };
  await execute(key, input);
  const digest = () => `X'${randomBytes(32).toString("hex")}'`;
  const rows = Array.from({ length: 1_100 }, () => `(${digest()}, ${digest()}, '', ${longAgo})`);
  await server.current.sql(
    `INSERT INTO idempotency_key (digest, inputDigest, runId, createdAt) VALUES ${rows.join(", ")}`,
  );
  const changes = await changesOf(async () => {
    await server.current.restart();
    await eventually(async () => {
      const [left] = await server.current.sql(`SELECT COUNT(*) AS number FROM idempotency_key`);
      return Number(left?.["number"]) === 1;
    });
  });
  const removed = changes.flatMap(({ idempotency_key: count = 0 }) => (count > 0 ? [count] : []));
  expect(removed).toEqual([250, 250, 250, 250, 100]);
  expect(await execute(key, input)).toMatchObject({ replayed: true });
});

test("a callback that was delivered 30 days ago is deleted with its URL; a younger or redelivered one is kept", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  await replaceSecret(server.current.admin, app.id);
  const agentId = await app.agent();
  const [old = "", redelivered = "", recent = ""] = await Promise.all(
    ["old", "redelivered", "recent"].map(async (path) => {
      const { run } = await execute(key, { agentId, callbackUrl: receiver.current.url(`/${path}`) });
      await attempted(key, run.id as string);
      return run.id as string;
    }),
  );
  // The age of a delivery is in its id.
  const oldIds = new Map([old, redelivered].map((runId, i) => [runId, `01600000-0000-7000-8000-00000000000${i}`]));
  // Its URL was sealed for the id that it had.
  const url = receiver.current.url("/redelivered");
  for (const [runId, id] of oldIds) {
    await server.current.sql(
      `UPDATE callback_delivery SET id = '${id}', url = '${url}', begunAt = ${longAgo} WHERE runId = '${runId}'`,
    );
  }
  await key.data(redeliverCallback, { id: oldIds.get(redelivered) });
  await attempted(key, redelivered, 2);

  await server.current.restart();
  const count = `query ($runId: ID!) { callbackDeliveries(runId: $runId) { totalCount } run(id: $runId) { id } }`;
  await eventually(async () => (await key.data(count, { runId: old })).callbackDeliveries.totalCount === 0);
  expect((await key.data(count, { runId: old })).run).toEqual({ id: old });
  for (const runId of [redelivered, recent])
    expect(await deliveryOf(key, runId)).toMatchObject({ status: "DELIVERED" });
});
