import { randomUUID } from "node:crypto";
import { startServer } from "../../../src/server";
import { readConfig } from "../../../src/config";
import pino from "pino";
import { useModelServer } from "../../support/model-server";
import { farmPdf } from "../../support/pdf";
import { useServer } from "../../support/server";
import type { TestApp } from "../../support/test-app";

const models = useModelServer();
const server = useServer({ MODEL_ALLOWED_HOSTS: "127.0.0.1" });

const run = `id status output error { code message } usage { inputTokens outputTokens totalTokens estimated }
  citations { quote page document { filename } }`;
const execute = `mutation ($input: ExecuteAgentInput!) { executeAgent(input: $input) { run { ${run} } session { id } } }`;
const readRun = `query ($id: ID!) { run(id: $id) { ${run} } }`;

/** Creates an app with a connection to the model server. `ask` runs a new agent on one of its models. */
async function appWithModels(): Promise<{ app: TestApp; ask: (model: string, options?: AskOptions) => Promise<any> }> {
  const app = await server.current.newApp();
  await app.modelConnection(models.current.baseUrl, { apiKey: "sk-secret" });
  return {
    app,
    ask: async (model, { agent = {}, ...input } = {}) => {
      const agentId = await app.agent({ model: `model/${model}`, timeoutSeconds: 20, ...agent });
      const text = `What colour is the barn? ${randomUUID()}`;
      const { executeAgent } = await server.current.admin.data(execute, { input: { agentId, text, ...input } });
      return { ...executeAgent.run, sessionId: executeAgent.session.id, text };
    },
  };
}
type AskOptions = Record<string, unknown> & { agent?: object };

/** Polls a run until the condition is met. */
async function runOnce(id: string, isMet: (run: any) => boolean): Promise<any> {
  for (;;) {
    const { run: found } = await server.current.admin.data(readRun, { id });
    if (isMet(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Reads a run's event stream until the text arrives, and returns what was received. */
async function eventsUntil(id: string, text: string): Promise<string> {
  const [name, value] = server.current.admin.credential ?? ["", ""];
  const query = `subscription ($id: ID!) { runEvents(runId: $id) { index ... on RunOutput { text } } }`;
  const response = await fetch(`${server.current.url}/stream`, {
    method: "POST",
    headers: { accept: "text/event-stream", "content-type": "application/json", [name]: value },
    body: JSON.stringify({ query, variables: { id } }),
  });
  let received = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    received += decoder.decode(chunk, { stream: true });
    if (received.includes(text)) break;
  }
  return received;
}

test("a model answers from the instructions, the user's text and the matching passages, and its citations are stored", async () => {
  const { app, ask } = await appWithModels();
  const sessionId = await app.session();
  await app.document(sessionId, "The barn is red. The house is white.");
  const { text, ...answer } = await ask("good", {
    session: { id: sessionId },
    agent: { instructions: "You are a guide.", temperature: 0.5, maxOutputTokens: 200 },
  });
  expect(answer).toMatchObject({
    status: "SUCCEEDED",
    output: "The barn is red [1].",
    error: null,
    usage: { inputTokens: 11, outputTokens: 5, totalTokens: 16 },
    citations: [{ quote: "The barn is red.", page: null, document: { filename: "barn.txt" } }],
  });

  const calls = models.current.callsWith(text as string);
  expect(calls).toHaveLength(1);
  expect(calls[0]).toMatchObject({
    path: "/v1/chat/completions",
    headers: { authorization: "Bearer sk-secret" },
    body: { model: "good", temperature: 0.5, max_tokens: 200, stream: true },
  });
  expect(calls[0]?.body.messages).toEqual([
    { role: "system", content: "You are a guide." },
    { role: "user", content: expect.stringMatching(/\[1\] barn\.txt: The barn is red\.[^]*What colour is the barn\?/) },
  ]);
});

test("a model receives the previous messages of the session, unanswered ones included", async () => {
  const { app, ask } = await appWithModels();
  const sessionId = await app.session();
  const first = await ask("good", { session: { id: sessionId } });
  const second = await ask("400", { session: { id: sessionId } });
  const third = await ask("good", { session: { id: sessionId } });
  expect(models.current.callsWith(third.text as string)[0]?.body.messages).toEqual([
    { role: "user", content: first.text },
    { role: "assistant", content: "The barn is red [1]." },
    { role: "user", content: `${second.text as string}\n\n${third.text as string}` },
  ]);
});

test("a citation of a page of a PDF has the number of the page", async () => {
  const { app, ask } = await appWithModels();
  const sessionId = await app.session();
  await server.current.admin.upload(sessionId, farmPdf(), "farm.pdf");
  const { citations } = await ask("good", { session: { id: sessionId } });
  expect(citations).toMatchObject([{ page: expect.any(Number) as number, document: { filename: "farm.pdf" } }]);
});

test("a connection without an API key sends no authorization header", async () => {
  const app = await server.current.newApp();
  await app.modelConnection(models.current.baseUrl);
  const agentId = await app.agent({ model: "model/good" });
  const text = randomUUID();
  await app.run({ agentId, text });
  expect(models.current.callsWith(text)[0]?.headers).not.toHaveProperty("authorization");
});

test("an answer's chunks are streamed as separate events while they arrive", async () => {
  const { ask } = await appWithModels();
  const { id, output } = await ask("drip");
  const lines = (await eventsUntil(id as string, "event: complete"))
    .split("\n")
    .filter((line) => line.startsWith("data: {"));
  const texts = lines.map((line) => JSON.parse(line.slice(6)).data.runEvents.text).filter((text) => text !== undefined);
  expect(texts.length).toBeGreaterThan(1);
  expect(texts.join("")).toBe(output);
});

describe("failures of a provider are classified, and transient ones are retried", () => {
  test.each([
    ["429", "MODEL_REJECTED", "The model's provider answered with status 429.", 3],
    ["429-long", "MODEL_REJECTED", "The model's provider answered with status 429.", 1],
    ["500", "MODEL_UNAVAILABLE", "The model's provider answered with status 500.", 3],
    ["401", "MODEL_REJECTED", "The model's provider answered with status 401.", 1],
    ["400", "MODEL_REJECTED", "The model's provider answered with status 400.", 1],
    ["redirect", "MODEL_REJECTED", "The model's provider answered with status 307.", 1],
    ["garbage", "MODEL_FAILED", "The model's provider sent a response that can't be parsed.", 1],
  ])("%s fails with %s", async (model, code, message, calls) => {
    const { ask } = await appWithModels();
    const { text, ...answer } = await ask(model);
    expect(answer).toMatchObject({ status: "FAILED", output: null, error: { code, message }, usage: null });
    expect(models.current.callsWith(text as string)).toHaveLength(calls);
  });

  test.each(["429-once", "500-once", "drop-once"])("%s: the retry succeeds", async (model) => {
    const { ask } = await appWithModels();
    const { text, ...answer } = await ask(model);
    expect(answer).toMatchObject({ status: "SUCCEEDED", output: "The barn is red [1].", error: null });
    expect(models.current.callsWith(text as string)).toHaveLength(2);
  });

  test.each([
    ["drop", "The model's provider can't be reached, or the connection to it broke."],
    ["cut", "The model's provider ended the stream before the answer was complete."],
    ["error", "The model's provider reported an error in the middle of the answer."],
  ])(
    "%s: a failure after the answer has begun is not retried, and the partial output is kept",
    async (model, message) => {
      const { ask } = await appWithModels();
      const { text, ...answer } = await ask(model);
      expect(answer).toMatchObject({
        status: "FAILED",
        output: "Well, ",
        error: { code: "MODEL_UNAVAILABLE", message },
        usage:
          model === "drop"
            ? { inputTokens: 11, outputTokens: 2, totalTokens: 13, estimated: false }
            : // The text of 36 characters, and `Well, `.
              { inputTokens: Math.ceil((text as string).length / 4), outputTokens: 2, estimated: true },
      });
      expect(models.current.callsWith(text as string)).toHaveLength(1);
    },
  );

  test("an unreachable provider fails with MODEL_UNAVAILABLE", async () => {
    const app = await server.current.newApp();
    await app.modelConnection("http://127.0.0.1:1/v1");
    const { id } = await app.run({ agentId: await app.agent({ model: "model/good" }) });
    expect((await server.current.admin.data(readRun, { id })).run).toMatchObject({
      status: "FAILED",
      error: { code: "MODEL_UNAVAILABLE" },
    });
  });

  test.each(["mute", "stall"])(
    "%s: a model that exceeds the timeout is disconnected, and other runs are not affected",
    async (model) => {
      const { ask } = await appWithModels();
      const slow = ask(model, { agent: { timeoutSeconds: 1 } });
      const others = await Promise.all([ask("good"), ask("good")]);
      expect(others.map(({ status }) => status)).toEqual(["SUCCEEDED", "SUCCEEDED"]);

      const { text, ...answer } = await slow;
      expect(answer).toMatchObject({
        status: "FAILED",
        output: model === "stall" ? "Well, " : null,
        error: { code: "MODEL_TIMEOUT", message: expect.stringContaining("within 1 s") },
        usage: model === "stall" ? { inputTokens: 11, outputTokens: 2, totalTokens: 13 } : null,
      });
      const calls = models.current.callsWith(text as string);
      expect(calls).toHaveLength(1);
      expect(await calls[0]?.closed).toBe(true);
    },
  );

  test("an endless answer is stopped at the limit and disconnected, and other runs are not affected", async () => {
    const { ask } = await appWithModels();
    const endless = ask("endless");
    const others = await Promise.all([ask("good"), ask("good")]);
    expect(others.map(({ status }) => status)).toEqual(["SUCCEEDED", "SUCCEEDED"]);

    const { text, output, ...answer } = await endless;
    expect(answer).toMatchObject({ status: "FAILED", error: { code: "MODEL_OUTPUT_TOO_LONG" } });
    expect(output.length).toBeGreaterThan(400_000);
    expect(output.length).toBeLessThan(500_000);
    expect(await models.current.callsWith(text as string)[0]?.closed).toBe(true);
  });

  test("an answer that reaches the token limit fails with MODEL_OUTPUT_TOO_LONG", async () => {
    const { ask } = await appWithModels();
    expect(await ask("length", { agent: { maxOutputTokens: 2 } })).toMatchObject({
      status: "FAILED",
      output: "Well, ",
      error: {
        code: "MODEL_OUTPUT_TOO_LONG",
        message: "The answer was stopped because it reached the agent's limit of 2 tokens.",
      },
      usage: { inputTokens: 11, outputTokens: 5, totalTokens: 16 },
    });
  });
});

test("cancelling a run closes the connection to the model, and keeps the partial output and its usage", async () => {
  const { ask } = await appWithModels();
  const { id, text } = await ask("stall", { waitMs: 0 });
  await eventsUntil(id as string, '"text":"Well, "');
  const cancel = `mutation ($id: ID!) { cancelRun(input: { id: $id }) { run { status output } } }`;
  expect((await server.current.admin.data(cancel, { id })).cancelRun.run).toEqual({
    status: "CANCELLED",
    output: "Well, ",
  });
  expect(await models.current.callsWith(text as string)[0]?.closed).toBe(true);
  expect(await runOnce(id as string, ({ usage }) => usage !== null)).toMatchObject({
    status: "CANCELLED",
    output: "Well, ",
    usage: { inputTokens: 11, outputTokens: 2, totalTokens: 13 },
  });
});

test("usage that a provider does not report is estimated, and counts for the app's limit of tokens", async () => {
  const { app, ask } = await appWithModels();
  await server.current.admin.data(
    `mutation ($id: ID!) { updateApp(input: { id: $id, limits: { tokensPerDay: 18 } }) { app { id } } }`,
    { id: app.id },
  );
  const { text, ...answer } = await ask("silent", { agent: { instructions: "Be brief." } });
  const inputTokens = Math.ceil(("Be brief.".length + (text as string).length) / 4);
  expect(answer).toMatchObject({
    status: "SUCCEEDED",
    output: "It is red.",
    usage: { inputTokens, outputTokens: 3, totalTokens: inputTokens + 3, estimated: true },
  });
  const agentId = await app.agent({ model: "model/silent" });
  const [error] = await server.current.admin.errors(execute, { input: { agentId, text: "more" } });
  expect(error?.extensions).toMatchObject({ limit: "tokensPerDay", max: 18, used: inputTokens + 3 });
});

test("the usage of a run that is cancelled before its provider has reported any is estimated", async () => {
  const { ask } = await appWithModels();
  const { id } = await ask("silent-stall", { waitMs: 0 });
  await eventsUntil(id as string, '"text":"Well, "');
  await server.current.admin.data(`mutation ($id: ID!) { cancelRun(input: { id: $id }) { run { id } } }`, { id });
  const { usage } = await runOnce(id as string, (cancelled) => cancelled.usage !== null);
  expect(usage).toMatchObject({ outputTokens: 2, estimated: true });
  expect(usage.inputTokens).toBeGreaterThan(10);
});

test.each([
  ["ANTHROPIC", "x-api-key", "sk-secret"],
  ["OPENAI", "authorization", "Bearer sk-secret"],
  ["GOOGLE", "x-goog-api-key", "sk-secret"],
])("%s is called with its own protocol", async (provider, header, value) => {
  const app = await server.current.newApp();
  await app.modelConnection(models.current.baseUrl, { provider, apiKey: "sk-secret" });
  const agentId = await app.agent({ model: "model/m", instructions: "You are a guide.", maxOutputTokens: 100 });
  const text = randomUUID();
  const { id } = await app.run({ agentId, text });
  expect((await server.current.admin.data(readRun, { id })).run).toMatchObject({
    status: "SUCCEEDED",
    output: "It is red.",
    usage: { inputTokens: 11, outputTokens: 5, totalTokens: 16 },
  });
  const [call] = models.current.callsWith(text);
  expect(call?.headers[header]).toBe(value);
  expect(JSON.stringify(call?.body)).toContain("You are a guide.");
});

test("an address that is removed from MODEL_ALLOWED_HOSTS is not called", async () => {
  const { app, ask } = await appWithModels();
  const agentId = await app.agent({ model: "model/good" });
  await ask("good");
  await server.current.restart(async () => {
    const strict = await startServer(
      readConfig({
        PORT: "0",
        DATA_DIR: server.current.dataDir,
        DATABASE_URL: server.current.databaseUrl,
        ADMIN_KEY: "the-administrators-key-in-tests",
      }),
      pino({ level: "silent" }),
    );
    try {
      const text = randomUUID();
      const response = await fetch(strict.url, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: "Bearer the-administrators-key-in-tests" },
        body: JSON.stringify({ query: execute, variables: { input: { agentId, text } } }),
      });
      const { data } = (await response.json()) as any;
      expect(data.executeAgent.run).toMatchObject({ status: "FAILED", error: { code: "MODEL_ADDRESS_REFUSED" } });
      expect(models.current.callsWith(text)).toEqual([]);
    } finally {
      await strict.close();
    }
  });
});
