import pino from "pino";
import { storedText } from "../../support/stored-text";
import { useModelServer } from "../../support/model-server";
import { useServer } from "../../support/server";

const logged: string[] = [];
const log = pino({ level: "trace" }, { write: (line: string) => void logged.push(line) });
const models = useModelServer();
const server = useServer({ MODEL_ALLOWED_HOSTS: "127.0.0.1" }, {}, log);

const apiKey = "sk-0123456789-the-providers-key";
const behaviours = ["good", "401", "500", "429-long", "error", "drop", "cut", "garbage", "redirect", "length"];

test("the provider's key goes to the provider, and stands nowhere else: no answer, log, error or file has it", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const answers: unknown[] = [];
  const ask = async (query: string, variables: object) => answers.push((await admin.send(query, variables)).body);

  const id = await app.modelConnection(models.current.baseUrl, { apiKey });
  const fields = `id name provider baseUrl hasApiKey app { id } createdAt updatedAt`;
  await ask(`query ($id: ID!) { modelConnection(id: $id) { ${fields} } }`, { id });
  await ask(`query ($id: ID!) { modelConnections(appId: $id) { nodes { ${fields} } } }`, { id: app.id });
  await ask(
    `mutation ($input: UpdateModelConnectionInput!) { updateModelConnection(input: $input) { modelConnection { ${fields} } } }`,
    { input: { id, apiKey } },
  );
  await ask(
    `mutation ($input: CreateModelConnectionInput!) { createModelConnection(input: $input) { modelConnection { id } } }`,
    { input: { appId: app.id, name: "model", provider: "OPENAI_COMPATIBLE", baseUrl: models.current.baseUrl, apiKey } },
  );
  await ask(
    `mutation ($input: CreateModelConnectionInput!) { createModelConnection(input: $input) { modelConnection { id } } }`,
    { input: { appId: app.id, name: "b", provider: "OPENAI_COMPATIBLE", baseUrl: "http://a", apiKey: `${apiKey}\n` } },
  );
  for (const model of behaviours) {
    await ask(
      `mutation ($input: TestModelConnectionInput!) { testModelConnection(input: $input) { ok error { code message } } }`,
      { input: { id, model } },
    );
    const agentId = await app.agent({ model: `model/${model}`, timeoutSeconds: 10 });
    await ask(
      `mutation ($input: ExecuteAgentInput!) {
        executeAgent(input: $input) { run { status output error { code message } usage { totalTokens } } }
      }`,
      { input: { agentId, text: "What colour is the barn?" } },
    );
  }
  expect(answers).toHaveLength(5 + 2 * behaviours.length);
  expect(JSON.stringify(answers)).toContain("status 401");
  expect(JSON.stringify(answers)).not.toContain(apiKey);

  expect(models.current.calls.length).toBeGreaterThanOrEqual(2 * behaviours.length);
  for (const { headers } of models.current.calls) expect(headers.authorization).toBe(`Bearer ${apiKey}`);

  expect(logged.join("")).toContain("a model's provider failed");
  expect(logged.join("")).not.toContain(apiKey);
  expect(logged.join("")).not.toContain("no good");

  const kept = await storedText(server.current);
  expect(kept).toContain(id);
  expect(kept).not.toContain(apiKey);
});
