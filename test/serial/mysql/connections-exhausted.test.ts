import { setTimeout as delay } from "node:timers/promises";
import { createConnection } from "mysql2/promise";
import { sceneOn } from "../../support/instances";
import { useModelServer } from "../../support/model-server";
import { useProcesses } from "../../support/process";
import { eventually, execute } from "../../support/runs";
import { soon, timed } from "../../support/timed";

const processes = useProcesses();
const model = useModelServer();

test("while all connections are in use, a limited number of requests wait, the rest are rejected immediately, and runs continue", async () => {
  const server = await processes.serve({
    ...(await processes.fresh()),
    DATABASE_POOL_SIZE: "1",
    MODEL_ALLOWED_HOSTS: `127.0.0.1:${model.current.port}`,
  });
  const { key, agent } = await sceneOn(server, model.current);
  const other = await server.newApp();
  const [lockedAgent, otherKey] = [await other.agent(), await other.key()];
  await execute(key, { agentId: await agent("drip"), text: "Count.", waitMs: 0 });
  const sendMany = (send: () => Promise<Response>) => Promise.all(Array.from({ length: 140 }, () => timed(send())));
  // Opens the HTTP connections, so that only the wait is measured.
  await sendMany(() => fetch(`${server.origin}/healthz`));
  const holder = await createConnection(String(server.environment["DATABASE_URL"]));
  try {
    await holder.query(`START TRANSACTION`);
    await holder.query(`SELECT id FROM agent WHERE id = ? FOR UPDATE`, [lockedAgent]);
    const update = `mutation ($id: ID!) { updateAgent(input: { id: $id, description: "held" }) { agent { id } } }`;
    const held = timed(otherKey.send(update, { id: lockedAgent }));
    const send = () =>
      fetch(key.url, {
        method: "POST",
        headers: { "content-type": "application/json", "x-api-key": key.secret },
        body: JSON.stringify({ query: `{ agents(first: 1) { nodes { id } } }` }),
      });
    await delay(300);
    const answers = await sendMany(send);
    for (const { result, took } of [...answers, await held]) {
      expect([200, 503]).toContain(result.status);
      expect(took).toBeLessThan(soon);
    }
    const rejected = server.log.filter(({ err }) => /maximum of \d+ waiting tasks/.test(JSON.stringify(err ?? null)));
    expect(rejected.length).toBeGreaterThanOrEqual(30);
    expect((await held).result.status).toBe(503);
    await eventually(async () => (await server.sql(`SELECT status FROM run`))[0]?.["status"] === "SUCCEEDED");
  } finally {
    await holder.end();
  }
  await eventually(async () => (await key.code(`{ viewer { kind } }`)) === undefined, 2_000);
});
