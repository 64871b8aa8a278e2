import { useServer } from "../../support/server";

const server = useServer();
const unknown = "00000000-0000-7000-8000-000000000000";
const fields = `id name description instructions model version createdAt updatedAt app { id }`;
const createAgent = `mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agent { ${fields} } } }`;
const updateAgent = `mutation ($input: UpdateAgentInput!) { updateAgent(input: $input) { agent { ${fields} } } }`;

test("a key creates an agent in its own app, with or without naming the app", async () => {
  const app = await server.current.newApp();
  const key = await app.key({ agents: "FULL" });
  const { createAgent: created } = await key.data(createAgent, { input: { name: " Ada " } });

  expect(created.agent).toMatchObject({
    name: "Ada",
    description: "",
    instructions: "",
    model: "builtin:extractive",
    version: 1,
    app: { id: app.id },
  });
  expect(await key.code(createAgent, { input: { name: "Ada" } })).toBe("CONFLICT");
  expect(await key.code(createAgent, { input: { name: "Eve", appId: app.id } })).toBeUndefined();
});

test("an administrator must name the app", async () => {
  const [error] = await server.current.admin.errors(createAgent, { input: { name: "Ada" } });
  expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field: "input.appId" }] });
  const [list] = await server.current.admin.errors(`{ agents { nodes { id } } }`);
  expect(list?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field: "appId" }] });
});

test("an unknown model is refused with the models that exist", async () => {
  const app = await server.current.newApp();
  const key = await app.key({ agents: "FULL" });
  const id = await app.agent();
  for (const [mutation, input] of [
    [createAgent, { name: "Ada", model: "openai/gpt" }],
    [updateAgent, { id, model: "openai/gpt" }],
  ] as const) {
    const [error] = await key.errors(mutation, { input });
    expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field: "input.model" }] });
    expect(error?.message).toContain("builtin:extractive");
  }
});

test("each update increments the version, and an update that expects another version changes nothing", async () => {
  const app = await server.current.newApp();
  const key = await app.key({ agents: "EDIT" });
  const id = await app.agent({ description: "old" });

  const { updateAgent: first } = await key.data(updateAgent, { input: { id, expectedVersion: 1, description: "new" } });
  expect(first.agent).toMatchObject({ version: 2, description: "new" });
  const [error] = await key.errors(updateAgent, { input: { id, expectedVersion: 1, description: "newer" } });
  expect(error?.extensions.code).toBe("CONFLICT");
  const { updateAgent: unconditional } = await key.data(updateAgent, { input: { id, instructions: "Be brief." } });
  expect(unconditional.agent).toMatchObject({ version: 3, description: "new", instructions: "Be brief." });
});

test("of concurrent updates that expect the same version, exactly one succeeds", async () => {
  const app = await server.current.newApp();
  const key = await app.key({ agents: "EDIT" });
  const id = await app.agent();
  const codes = await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      key.code(updateAgent, { input: { id, expectedVersion: 1, description: `by ${i}` } }),
    ),
  );
  expect(codes.filter((code) => code === undefined)).toHaveLength(1);
  expect(codes.filter((code) => code === "CONFLICT")).toHaveLength(7);
});

test("concurrent updates of different fields are all kept", async () => {
  const app = await server.current.newApp();
  const key = await app.key({ agents: "FULL" });
  const id = await app.agent();
  await Promise.all([
    key.data(updateAgent, { input: { id, description: "a" } }),
    key.data(updateAgent, { input: { id, instructions: "b" } }),
    key.data(updateAgent, { input: { id, name: "c" } }),
  ]);
  const { agent } = await key.data(`query ($id: ID!) { agent(id: $id) { ${fields} } }`, { id });
  expect(agent).toMatchObject({ description: "a", instructions: "b", name: "c", version: 4 });
});

test.each(["name", "description", "instructions", "model", "expectedVersion"])(
  "a null %s is refused by name, and nothing is changed",
  async (field) => {
    const app = await server.current.newApp();
    const id = await app.agent();
    const key = await app.key({ agents: "FULL" });
    const [error] = await key.errors(updateAgent, { input: { id, description: "changed", [field]: null } });
    expect(error?.extensions).toMatchObject({
      code: "BAD_USER_INPUT",
      fields: [{ field: `input.${field}`, message: "must not be null" }],
    });
    const { agent } = await key.data(`query ($id: ID!) { agent(id: $id) { version } }`, { id });
    expect(agent.version).toBe(1);
  },
);

test("a text is stored unchanged up to its maximum length, and refused beyond it", async () => {
  const app = await server.current.newApp();
  const key = await app.key({ agents: "FULL" });
  const instructions = "𝒳 é \r\n\t 日本語 ".padEnd(100_000, "x");
  const { createAgent: created } = await key.data(createAgent, { input: { name: "Ada", instructions } });
  expect(created.agent.instructions).toBe(instructions);
  const { agent } = await key.data(`query ($id: ID!) { agent(id: $id) { instructions } }`, { id: created.agent.id });
  expect(agent.instructions).toBe(instructions);

  expect(await key.code(createAgent, { input: { name: "Eve", instructions: `${instructions}x` } })).toBe(
    "BAD_USER_INPUT",
  );
  expect(await key.code(createAgent, { input: { name: "Eve", description: "x".repeat(2_001) } })).toBe(
    "BAD_USER_INPUT",
  );
});

test("a deleted agent is gone, and its sessions and runs remain", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const agentId = await app.agent({ name: "Ada" });
  const { id, sessionId } = await app.run({ agentId });

  const remove = `mutation ($id: ID!) { deleteAgent(input: { id: $id }) { id } }`;
  expect(await key.data(remove, { id: agentId })).toEqual({ deleteAgent: { id: agentId } });
  expect(await key.code(remove, { id: agentId })).toBe("NOT_FOUND");
  const query = `query ($agent: ID!, $run: ID!, $session: ID!) {
    agent(id: $agent) { id } run(id: $run) { agentId agent { id } status output }
    session(id: $session) { messages { nodes { role } } runs { nodes { id } } }
  }`;
  expect(await key.data(query, { agent: agentId, run: id, session: sessionId })).toEqual({
    agent: null,
    run: { agentId, agent: null, status: "SUCCEEDED", output: expect.any(String) },
    session: { messages: { nodes: [{ role: "USER" }, { role: "AGENT" }] }, runs: { nodes: [{ id }] } },
  });
  expect(await key.code(createAgent, { input: { name: "Ada" } })).toBeUndefined();
  expect(await key.code(updateAgent, { input: { id: unknown, name: "x" } })).toBe("NOT_FOUND");
});
