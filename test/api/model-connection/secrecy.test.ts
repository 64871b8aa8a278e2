import pino from "pino";
import { storedText } from "../../support/stored-text";
import { useModelServer } from "../../support/model-server";
import { useServer } from "../../support/server";

const logLines: string[] = [];
const log = pino({ level: "trace" }, { write: (line: string) => void logLines.push(line) });
const models = useModelServer();
const server = useServer({ MODEL_ALLOWED_HOSTS: "127.0.0.1" }, {}, log);

const apiKey = "sk-0123456789-the-providers-key";
const behaviours = ["good", "401", "500", "429-long", "error", "drop", "cut", "garbage", "redirect", "length"];

test("the provider's key is sent to the provider, and no response, log, error or file contains it", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const responses: unknown[] = [];
  const send = async (query: string, variables: object) => responses.push((await admin.send(query, variables)).body);

  const id = await app.modelConnection(models.current.baseUrl, { apiKey });
  const fields = `id name provider baseUrl hasApiKey app { id } createdAt updatedAt`;
  await send(`query ($id: ID!) { modelConnection(id: $id) { ${fields} } }`, { id });
  await send(`query ($id: ID!) { modelConnections(appId: $id) { nodes { ${fields} } } }`, { id: app.id });
  await send(
    `mutation ($input: UpdateModelConnectionInput!) { updateModelConnection(input: $input) { modelConnection { ${fields} } } }`,
    { input: { id, apiKey } },
  );
  await send(
    `mutation ($input: CreateModelConnectionInput!) { createModelConnection(input: $input) { modelConnection { id } } }`,
    { input: { appId: app.id, name: "model", provider: "OPENAI_COMPATIBLE", baseUrl: models.current.baseUrl, apiKey } },
  );
  await send(
    `mutation ($input: CreateModelConnectionInput!) { createModelConnection(input: $input) { modelConnection { id } } }`,
    { input: { appId: app.id, name: "b", provider: "OPENAI_COMPATIBLE", baseUrl: "http://a", apiKey: `${apiKey}\n` } },
  );
  for (const model of behaviours) {
    await send(
      `mutation ($input: TestModelConnectionInput!) { testModelConnection(input: $input) { ok error { code message } } }`,
      { input: { id, model } },
    );
    const agentId = await app.agent({ model: `model/${model}`, timeoutSeconds: 10 });
    await send(
      `mutation ($input: ExecuteAgentInput!) {
        executeAgent(input: $input) { run { status output error { code message } usage { totalTokens } } }
      }`,
      { input: { agentId, text: "What colour is the barn?" } },
    );
  }
  expect(responses).toHaveLength(5 + 2 * behaviours.length);
  expect(JSON.stringify(responses)).toContain("status 401");
  expect(JSON.stringify(responses)).not.toContain(apiKey);

  expect(models.current.calls.length).toBeGreaterThanOrEqual(2 * behaviours.length);
  for (const { headers } of models.current.calls) expect(headers.authorization).toBe(`Bearer ${apiKey}`);

  expect(logLines.join("")).toContain("a model's provider failed");
  expect(logLines.join("")).not.toContain(apiKey);
  expect(logLines.join("")).not.toContain("no good");

  const stored = await storedText(server.current);
  expect(stored).toContain(id);
  expect(stored).not.toContain(apiKey);
});
