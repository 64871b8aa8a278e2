import { setTimeout as delay } from "node:timers/promises";
import { createConnection } from "mysql2/promise";
import { sceneOn } from "../../support/instances";
import { useModelServer } from "../../support/model-server";
import { useProcesses } from "../../support/process";
import { eventually, execute } from "../../support/runs";
import { soon, timed } from "../../support/timed";

const processes = useProcesses();
const model = useModelServer();

test("where all connections are taken so many requests wait, the rest are refused at once, and runs go on", async () => {
  const server = await processes.serve({
    ...(await processes.fresh()),
    DATABASE_POOL_SIZE: "1",
    MODEL_ALLOWED_HOSTS: `127.0.0.1:${model.current.port}`,
  });
  const { key, agent } = await sceneOn(server, model.current);
  const other = await server.newApp();
  await execute(key, { agentId: await agent("drip"), text: "Count.", waitMs: 0 });
  const many = (ask: () => Promise<Response>) => Promise.all(Array.from({ length: 140 }, () => timed(ask())));
  // So that what is timed is the wait, and not the connecting.
  await many(() => fetch(`${server.origin}/healthz`));
  const holder = await createConnection(String(server.environment["DATABASE_URL"]));
  try {
    await holder.query(`START TRANSACTION`);
    await holder.query(`SELECT id FROM app WHERE id = ? FOR UPDATE`, [other.id]);
    const update = `mutation ($id: ID!) { updateApp(input: { id: $id, description: "held" }) { app { id } } }`;
    const held = timed(server.admin.send(update, { id: other.id }));
    const ask = () =>
      fetch(key.url, {
        method: "POST",
        headers: { "content-type": "application/json", "x-api-key": key.secret },
        body: JSON.stringify({ query: `{ viewer { kind } }` }),
      });
    await delay(300);
    const answers = await many(ask);
    for (const { result, took } of [...answers, await held]) {
      expect([200, 503]).toContain(result.status);
      expect(took).toBeLessThan(soon);
    }
    const turnedAway = server.log.filter(({ err }) => /Queue limit/.test(String((err as Error | undefined)?.message)));
    expect(turnedAway.length).toBeGreaterThanOrEqual(30);
    expect((await held).result.status).toBe(503);
    await eventually(async () => (await server.sql(`SELECT status FROM run`))[0]?.["status"] === "SUCCEEDED");
  } finally {
    await holder.end();
  }
  await eventually(async () => (await key.code(`{ viewer { kind } }`)) === undefined, 2_000);
});
