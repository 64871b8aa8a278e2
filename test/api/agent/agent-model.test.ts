import { useModelServer } from "../../support/model-server";
import { useServer } from "../../support/server";

const models = useModelServer();
const server = useServer({ MODEL_ALLOWED_HOSTS: "127.0.0.1" });

const createAgent = `mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agent { id model } } }`;
const updateAgent = `mutation ($input: UpdateAgentInput!) { updateAgent(input: $input) { agent { id model version } } }`;
const update = `mutation ($input: UpdateModelConnectionInput!) {
  updateModelConnection(input: $input) { modelConnection { id } }
}`;
const remove = `mutation ($id: ID!) { deleteModelConnection(input: { id: $id }) { id } }`;

test("an agent's model is a built-in model or one behind a connection of its app", async () => {
  const [app, other] = [await server.current.newApp(), await server.current.newApp()];
  await app.modelConnection(models.current.baseUrl, { name: "llama" });
  await other.modelConnection(models.current.baseUrl, { name: "other" });
  const key = await app.key({ agents: "FULL" });
  for (const model of [
    "llama/llama3.2:1b",
    "llama/meta-llama/Llama-3",
    "llama//models/llama.gguf",
    "llama/Qwen 2.5 (Q4)",
    "llama/C:\\models\\llama.gguf",
    "llama/模型@1?",
    "builtin:extractive",
  ]) {
    const { createAgent: created } = await key.data(createAgent, { input: { name: model, model } });
    expect(created.agent.model).toBe(model);
  }
  const id = await app.agent();
  for (const model of [
    "llama",
    "llama/",
    "/x",
    "Llama/x",
    "other/x",
    ...["llama/../x", "llama/x/..", "llama/x\\..\\y", "llama/ x", "llama/x\ny", "llama/\u0007", "llama/x\u2028"],
  ]) {
    for (const [mutation, agent] of [
      [createAgent, { name: "Ada", model }],
      [updateAgent, { id, model }],
    ] as const) {
      const [error] = await key.errors(mutation, { input: agent });
      expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field: "input.model" }] });
      const isNameFaulty = model.startsWith("llama/") && model !== "llama/";
      expect(error?.message).toContain(
        isNameFaulty ? "the name of the model must have no" : "builtin:extractive, llama/<model>.",
      );
    }
  }
  expect(await key.code(createAgent, { input: { name: "Ada", model: `llama/${"x".repeat(255)}` } })).toBe(
    "BAD_USER_INPUT",
  );
});

test("the model settings of an agent are stored, updated and reset", async () => {
  const app = await server.current.newApp();
  const key = await app.key({ agents: "FULL" });
  const settings = `temperature maxOutputTokens timeoutSeconds`;
  const create = `mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agent { id ${settings} } } }`;
  const updateSettings = `mutation ($input: UpdateAgentInput!) { updateAgent(input: $input) { agent { ${settings} } } }`;
  const { createAgent: plain } = await key.data(create, { input: { name: "plain" } });
  expect(plain.agent).toMatchObject({ temperature: null, maxOutputTokens: null, timeoutSeconds: 120 });

  const settingsInput = { temperature: 0.7, maxOutputTokens: 100, timeoutSeconds: 5 };
  const { createAgent: made } = await key.data(create, { input: { name: "made", ...settingsInput } });
  expect(made.agent).toMatchObject(settingsInput);
  const { id } = made.agent;
  const { updateAgent: kept } = await key.data(updateSettings, { input: { id, description: "x" } });
  expect(kept.agent).toEqual(settingsInput);
  const { updateAgent: reset } = await key.data(updateSettings, {
    input: { id, temperature: null, maxOutputTokens: null },
  });
  expect(reset.agent).toEqual({ temperature: null, maxOutputTokens: null, timeoutSeconds: 5 });

  for (const faulty of [
    { temperature: -0.1 },
    { temperature: 2.1 },
    { maxOutputTokens: 0 },
    { timeoutSeconds: 0 },
    { timeoutSeconds: 3_601 },
    { timeoutSeconds: null },
  ]) {
    const [error] = await key.errors(updateSettings, { input: { id, ...faulty } });
    const field = `input.${String(Object.keys(faulty)[0])}`;
    expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field }] });
  }
});

test("a connection that agents use can't be deleted, and the error has their number", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const id = await app.modelConnection(models.current.baseUrl, { name: "a_" });
  await app.modelConnection(models.current.baseUrl, { name: "ab" });
  const agents = [await app.agent({ model: "a_/x" }), await app.agent({ model: "a_/y" })];
  await app.agent({ model: "ab/x" });

  const [error] = await admin.errors(remove, { id });
  expect(error?.extensions.code).toBe("CONFLICT");
  expect(error?.message).toMatch(/^2 agents use/);
  for (const agent of agents) await admin.data(updateAgent, { input: { id: agent, model: "ab/x" } });
  expect(await admin.code(remove, { id })).toBeUndefined();
});

test("renaming a connection updates the agents that use it", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const id = await app.modelConnection(models.current.baseUrl, { name: "old" });
  const agent = await app.agent({ model: "old/m:1/x" });
  const other = await app.agent();
  await admin.data(update, { input: { id, name: "ñew" } });
  const query = `query ($id: ID!) { agent(id: $id) { model version } }`;
  expect((await admin.data(query, { id: agent })).agent).toEqual({ model: "ñew/m:1/x", version: 2 });
  expect((await admin.data(query, { id: other })).agent).toEqual({ model: "builtin:extractive", version: 1 });
});

test("of a deletion and a concurrent creation of an agent that uses the connection, exactly one is refused", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  for (let i = 0; i < 10; i++) {
    const name = `c${i}`;
    const id = await app.modelConnection(models.current.baseUrl, { name });
    const [created, deleted] = await Promise.all([
      admin.code(createAgent, { input: { appId: app.id, name, model: `${name}/x` } }),
      admin.code(remove, { id }),
    ]);
    expect([
      [undefined, "CONFLICT"],
      ["BAD_USER_INPUT", undefined],
    ]).toContainEqual([created, deleted]);
  }
});
