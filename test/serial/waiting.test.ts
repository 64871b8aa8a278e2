import { cancel, eventually, execute } from "../support/runs";
import { useServer } from "../support/server";
import type { KeyHolder } from "../support/test-app";
import { TestModel } from "../support/test-model";

const model = new TestModel();
const server = useServer({}, { "test:model": model });
afterEach(() => model.releaseAll());

/** Less than the polling interval of a waiter, so that a response within this time was notified. */
const notifiedWithinMs = 900;

async function keyWithAgent(): Promise<[key: KeyHolder, agentId: string]> {
  const app = await server.current.newApp();
  return [await app.key(), await app.agent({ model: "test:model" })];
}

test("an execution is answered immediately once its run has finished", async () => {
  const [key, agentId] = await keyWithAgent();
  const answer = execute(key, { agentId, text: "one hold two" });
  await eventually(() => model.holding === 1);
  const releasedAt = performance.now();
  model.release();
  expect((await answer).run).toMatchObject({ status: "SUCCEEDED", output: "one hold two " });
  expect(performance.now() - releasedAt).toBeLessThan(notifiedWithinMs);
});

test("a cancelled run wakes its waiters immediately", async () => {
  const [key, agentId] = await keyWithAgent();
  const waiting = execute(key, { agentId, text: "one hold" });
  await eventually(() => model.holding === 1);
  const { sessions } = await key.data(`{ sessions { nodes { runs { nodes { id } } } } }`);
  const cancelledAt = performance.now();
  await cancel(key, sessions.nodes[0].runs.nodes[0].id);
  expect((await waiting).run.status).toBe("CANCELLED");
  expect(performance.now() - cancelledAt).toBeLessThan(notifiedWithinMs);
});
