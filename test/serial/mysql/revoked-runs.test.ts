import { createConnection } from "mysql2/promise";
import { revoke } from "../../support/revocations";
import { eventually, execute, finished, runOf } from "../../support/runs";
import { useServer } from "../../support/server";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const server = useServer({}, { "test:model": model });
afterEach(() => model.releaseAll());

test("the model of a revoked key is stopped although the row of its run can't be changed, and the row follows", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const agentId = await app.agent({ model: "test:model" });
  const { run } = await execute(key, { agentId, text: "one hold two", waitMs: 0 });
  await eventually(() => model.holding === 1);
  const other = await createConnection(String(server.current.databaseUrl));
  try {
    await other.query("BEGIN");
    await other.query("SELECT id FROM run WHERE id = ? FOR UPDATE", [run.id]);
    await server.current.admin.data(revoke, { id: key.keyId });
    await eventually(() => model.holding === 0, 1_000);
    expect(await runOf(server.current.admin, run.id)).toMatchObject({ status: "RUNNING" });
  } finally {
    await other.end();
  }
  const ended = await finished(server.current.admin, run.id);
  expect(ended).toMatchObject({ status: "CANCELLED", error: { code: "ACCESS_REVOKED" }, output: "one hold " });
});
