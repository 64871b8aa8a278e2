import { randomBytes, randomUUID } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { attempted, deliveryOf, redeliverCallback, replaceSecret } from "../../support/callbacks";
import { useReceiver } from "../../support/receiver";
import { eventually, execute } from "../../support/runs";
import { useServer } from "../../support/server";
import { changesOf } from "../../support/statements";

const server = useServer({ MODEL_ALLOWED_HOSTS: "127.0.0.1" });
const receiver = useReceiver();

const longAgo = "'2020-01-01 00:00:00.000'";

test("the server starts over more files of documents than one statement can name", async () => {
  const app = await server.current.newApp();
  const folder = join(server.current.dataDir, "documents");
  for (let i = 0; i < 33_000; i++) closeSync(openSync(join(folder, randomUUID()), "w"));
  await server.current.restart();
  expect(await (await app.key()).code(`{ viewer { name } }`)).toBeUndefined();
});

test("idempotency keys are forgotten after a day, however many: few in one transaction, and no younger one", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const input = { agentId: await app.agent(), idempotencyKey: "young" };
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

test("a callback that came to its end 30 days ago is forgotten with its URL; one that is younger, or was posted again, is not", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  await replaceSecret(server.current.admin, app.id);
  const agentId = await app.agent();
  const [old = "", again = "", young = ""] = await Promise.all(
    ["old", "again", "young"].map(async (path) => {
      const { run } = await execute(key, { agentId, callbackUrl: receiver.current.url(`/${path}`) });
      await attempted(key, run.id as string);
      return run.id as string;
    }),
  );
  // As old as its id says.
  const aged = new Map([old, again].map((runId, i) => [runId, `01600000-0000-7000-8000-00000000000${i}`]));
  for (const [runId, id] of aged) {
    await server.current.sql(
      `UPDATE callback_delivery SET id = '${id}', begunAt = ${longAgo} WHERE runId = '${runId}'`,
    );
  }
  await key.data(redeliverCallback, { id: aged.get(again) });
  await attempted(key, again, 2);

  await server.current.restart();
  const count = `query ($runId: ID!) { callbackDeliveries(runId: $runId) { totalCount } run(id: $runId) { id } }`;
  await eventually(async () => (await key.data(count, { runId: old })).callbackDeliveries.totalCount === 0);
  expect((await key.data(count, { runId: old })).run).toEqual({ id: old });
  for (const runId of [again, young]) expect(await deliveryOf(key, runId)).toMatchObject({ status: "DELIVERED" });
});
