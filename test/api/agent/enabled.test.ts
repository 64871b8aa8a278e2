import { eventually, execute, executeAgent, finished } from "../../support/runs";
import { useServer } from "../../support/server";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const server = useServer({}, { "test:model": model });
afterEach(() => model.releaseAll());

test("an agent that is switched off accepts no executions, and executes those that it has accepted", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const agentId = await app.agent({ model: "test:model" });
  const set = (enabled: boolean) =>
    key.data(`mutation ($input: UpdateAgentInput!) { updateAgent(input: $input) { agent { enabled version } } }`, {
      input: { id: agentId, enabled },
    });
  const input = { agentId, text: "one hold", waitMs: 0, idempotencyKey: "k" };
  const { run } = await execute(key, input);
  await eventually(() => model.holding === 1);

  expect((await set(false)).updateAgent.agent).toEqual({ enabled: false, version: 2 });
  const [error] = await key.errors(executeAgent, { input: { agentId, text: "one" } });
  expect(error?.extensions).toEqual({ code: "CONFLICT", reason: "AGENT_DISABLED", field: "input.agentId" });
  expect((await execute(key, input)).replayed).toBe(true);
  model.release();
  expect((await finished(key, run.id)).status).toBe("SUCCEEDED");

  expect((await set(true)).updateAgent.agent.enabled).toBe(true);
  expect(await key.code(executeAgent, { input: { agentId, text: "one" } })).toBeUndefined();
});

test("an agent is enabled unless it is created otherwise", async () => {
  const app = await server.current.newApp();
  await app.agent();
  await app.agent({ enabled: false });
  const { agents } = await server.current.admin.data(`{ agents(appId: "${app.id}") { nodes { enabled } } }`);
  expect(agents.nodes).toEqual([{ enabled: true }, { enabled: false }]);
});
