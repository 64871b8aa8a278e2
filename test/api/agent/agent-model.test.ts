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

test("a model is one that is built in, or one behind a connection of the agent's app", async () => {
  const [app, other] = [await server.current.newApp(), await server.current.newApp()];
  await app.modelConnection(models.current.baseUrl, { name: "llama" });
  await other.modelConnection(models.current.baseUrl, { name: "other" });
  const key = await app.key({ agents: "FULL" });
  for (const model of ["llama/llama3.2:1b", "llama/meta-llama/Llama-3", "builtin:extractive"]) {
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
    "llama/../x",
    "llama/x/..",
    "llama//x",
    "llama/x?y",
    "llama/x y",
  ]) {
    for (const [mutation, agent] of [
      [createAgent, { name: "Ada", model }],
      [updateAgent, { id, model }],
    ] as const) {
      const [error] = await key.errors(mutation, { input: agent });
      expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field: "input.model" }] });
      expect(error?.message).toContain("builtin:extractive, llama/<model>.");
    }
  }
  expect(await key.code(createAgent, { input: { name: "Ada", model: `llama/${"x".repeat(255)}` } })).toBe(
    "BAD_USER_INPUT",
  );
});

test("how an agent wants to be answered is kept, changed and reset", async () => {
  const app = await server.current.newApp();
  const key = await app.key({ agents: "FULL" });
  const settings = `temperature maxOutputTokens timeoutSeconds`;
  const make = `mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agent { id ${settings} } } }`;
  const change = `mutation ($input: UpdateAgentInput!) { updateAgent(input: $input) { agent { ${settings} } } }`;
  const { createAgent: plain } = await key.data(make, { input: { name: "plain" } });
  expect(plain.agent).toMatchObject({ temperature: null, maxOutputTokens: null, timeoutSeconds: 120 });

  const given = { temperature: 0.7, maxOutputTokens: 100, timeoutSeconds: 5 };
  const { createAgent: made } = await key.data(make, { input: { name: "made", ...given } });
  expect(made.agent).toMatchObject(given);
  const { id } = made.agent;
  const { updateAgent: kept } = await key.data(change, { input: { id, description: "x" } });
  expect(kept.agent).toEqual(given);
  const { updateAgent: reset } = await key.data(change, { input: { id, temperature: null, maxOutputTokens: null } });
  expect(reset.agent).toEqual({ temperature: null, maxOutputTokens: null, timeoutSeconds: 5 });

  for (const faulty of [
    { temperature: -0.1 },
    { temperature: 2.1 },
    { maxOutputTokens: 0 },
    { timeoutSeconds: 0 },
    { timeoutSeconds: 3_601 },
    { timeoutSeconds: null },
  ]) {
    const [error] = await key.errors(change, { input: { id, ...faulty } });
    const field = `input.${String(Object.keys(faulty)[0])}`;
    expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field }] });
  }
});

test("a connection that agents use can't be deleted, and says how many they are", async () => {
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

test("agents follow their connection to another name", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const id = await app.modelConnection(models.current.baseUrl, { name: "old" });
  const agent = await app.agent({ model: "old/m:1/x" });
  const beside = await app.agent();
  await admin.data(update, { input: { id, name: "ñew" } });
  const query = `query ($id: ID!) { agent(id: $id) { model version } }`;
  expect((await admin.data(query, { id: agent })).agent).toEqual({ model: "ñew/m:1/x", version: 2 });
  expect((await admin.data(query, { id: beside })).agent).toEqual({ model: "builtin:extractive", version: 1 });
});

test("of a deletion and a new agent at the same moment one is refused", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  for (let i = 0; i < 10; i++) {
    const name = `c${i}`;
    const id = await app.modelConnection(models.current.baseUrl, { name });
    const [made, deleted] = await Promise.all([
      admin.code(createAgent, { input: { appId: app.id, name, model: `${name}/x` } }),
      admin.code(remove, { id }),
    ]);
    expect([
      [undefined, "CONFLICT"],
      ["BAD_USER_INPUT", undefined],
    ]).toContainEqual([made, deleted]);
  }
});
