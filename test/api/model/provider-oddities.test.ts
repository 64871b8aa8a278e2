import { randomUUID } from "node:crypto";
import { allowHosts } from "../../support/allowed-hosts";
import { type Reply, sse, useReplayServer } from "../../support/replay-server";
import { useServer } from "../../support/server";

const replay = useReplayServer();
const server = useServer({ ...allowHosts("127.0.0.1") });

const run = `status output error { code message } usage { inputTokens outputTokens totalTokens estimated }`;
const execute = `mutation ($input: ExecuteAgentInput!) { executeAgent(input: $input) { run { ${run} } } }`;
const answer = "The barn is red.";

/** Executes an agent whose provider gives this reply to each request. */
async function ask(reply: Reply, provider = "OPENAI_COMPATIBLE") {
  const path = `/${randomUUID()}`;
  const app = await server.current.newApp();
  await app.modelConnection(replay.current.on(path, reply), { provider, apiKey: "sk-a_secret" });
  const agentId = await app.agent({ model: "model/m" });
  const { executeAgent } = await server.current.admin.data(execute, { input: { agentId, text: "colour?" } });
  return { ...executeAgent.run, requests: replay.current.at(path).length };
}

const events = (body: string): Reply => ({ type: "text/event-stream", body });
const stream = (...chunks: unknown[]) => events(sse(...chunks));
const chunk = (delta: object, more: object = {}) => ({ choices: [{ index: 0, delta, ...more }] });
const said = chunk({ content: answer });
const stop = chunk({}, { finish_reason: "stop" });
const done = "[DONE]";
const cut = (reply: Reply, chars: number): Reply => ({ ...reply, body: reply.body.slice(0, -chars) });

/** Anthropic's events of an answer, with further events behind its text, and the usage of its beginning and its end. */
const claude = (
  further: object[] = [],
  first: object = { usage: { input_tokens: 7, output_tokens: 1 } },
  last: object = { usage: { output_tokens: 5 } },
) =>
  stream(
    { type: "message_start", message: { id: "1", model: "m", role: "assistant", content: [], ...first } },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: answer } },
    ...further,
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "end_turn" }, ...last },
    { type: "message_stop" },
  );
const gemini = (usage: object = { promptTokenCount: 7, candidatesTokenCount: 5 }) =>
  stream({
    candidates: [{ content: { role: "model", parts: [{ text: answer }] }, finishReason: "STOP" }],
    usageMetadata: usage,
  });
const gpt = (...last: object[]) =>
  stream(
    { type: "response.created", response: { id: "1", created_at: 0, model: "m" } },
    { type: "response.output_item.added", output_index: 0, item: { type: "message", id: "a" } },
    { type: "response.output_text.delta", item_id: "a", delta: answer },
    ...last,
  );
const completed = { type: "response.completed", response: { usage: { input_tokens: 7, output_tokens: 5 } } };

test.each<[string, string, Reply]>([
  ["OPENAI_COMPATIBLE", "one line break behind [DONE]", cut(stream(said, stop, done), 1)],
  ["OPENAI_COMPATIBLE", "no line break behind [DONE]", cut(stream(said, stop, done), 2)],
  ["OPENAI_COMPATIBLE", "no line break behind its last chunk", cut(stream(said, stop), 2)],
  ["OPENAI_COMPATIBLE", "a carriage return behind its last chunk", events(`${cut(stream(said, stop), 2).body}\r`)],
  ["OPENAI_COMPATIBLE", "a chunk behind its end that is cut off", events(`${stream(said, stop).body}data: {"id": "`)],
  ["ANTHROPIC", "no line break behind its last event", cut(claude(), 2)],
  ["GOOGLE", "no line break behind its last event", cut(gemini(), 2)],
  ["OPENAI", "no line break behind its last event", cut(gpt(completed), 2)],
  [
    "OPENAI_COMPATIBLE",
    "a finish reason null as text",
    stream(chunk({ content: answer }, { finish_reason: "null" }), stop, done),
  ],
  ["OPENAI_COMPATIBLE", "a finish reason None", stream(chunk({ content: answer }, { finish_reason: "None" }), done)],
  ["OPENAI_COMPATIBLE", "events without data", events(`data:\n\n${sse(said)}data: \n\ndata\n\n${sse(stop, done)}`)],
  ["ANTHROPIC", "events without data", events(`data:\n\n${claude().body}`)],
  ["GOOGLE", "events without data", events(`data:\n\n${gemini().body}data: \n\n`)],
  ["OPENAI", "events without data", events(`data:\n\n${gpt(completed).body}`)],
  [
    "OPENAI_COMPATIBLE",
    "several chunks in the lines of one event",
    events(`data: ${JSON.stringify(said)}\ndata: ${JSON.stringify(stop)}\ndata: ${done}\n\n`),
  ],
  [
    "OPENAI_COMPATIBLE",
    "one chunk in several lines of an event",
    events(`${JSON.stringify(said, null, 1).replace(/^/gm, "data: ")}\n\n${sse(stop, done)}`),
  ],
  [
    "OPENAI_COMPATIBLE",
    "a part of the type output_text",
    stream(chunk({ content: [{ type: "output_text", text: answer }] }), stop, done),
  ],
  [
    "OPENAI_COMPATIBLE",
    "choices that are counted from 1",
    stream(
      {
        choices: [
          { index: 1, delta: { content: answer } },
          { index: 2, delta: { content: "No." } },
        ],
      },
      { choices: [{ index: 1, delta: {}, finish_reason: "stop" }] },
      done,
    ),
  ],
  ["OPENAI_COMPATIBLE", "choices by number", stream({ choices: { "0": said.choices[0] } }, stop, done)],
  ["OPENAI_COMPATIBLE", "choices that are one object", stream({ choices: said.choices[0] }, stop, done)],
  ["ANTHROPIC", "an event that is not known", claude([{ type: "progress", percent: 5 }])],
  [
    "ANTHROPIC",
    "a delta that is not known",
    claude([{ type: "content_block_delta", index: 0, delta: { type: "mood_delta", mood: 1 } }]),
  ],
  [
    "ANTHROPIC",
    "a block that is not known",
    claude([
      { type: "content_block_start", index: 1, content_block: { type: "hologram" } },
      { type: "content_block_delta", index: 1, delta: { type: "text_delta", text: "No." } },
      { type: "content_block_stop", index: 1 },
    ]),
  ],
  [
    "ANTHROPIC",
    "a citation that is not known",
    claude([
      { type: "content_block_delta", index: 0, delta: { type: "citations_delta", citation: { type: "dream" } } },
    ]),
  ],
  ["ANTHROPIC", "usage that is null", claude([], { usage: null }, { usage: null })],
  ["ANTHROPIC", "no usage", claude([], {}, {})],
])("%s: %s: the answer is taken as the server means it, with one request", async (provider, _, reply) => {
  const { status, output, error, requests, usage } = await ask(reply, provider);
  expect({ status, output, error, requests }).toEqual({
    status: "SUCCEEDED",
    output: answer,
    error: null,
    requests: 1,
  });
  expect(usage.outputTokens).toBeGreaterThan(0);
  expect(usage.inputTokens).toBeGreaterThan(0);
});

test.each<[string, Reply]>([
  [
    "OPENAI_COMPATIBLE",
    stream(
      chunk({ content: answer }, { finish_reason: "stop" }),
      { choices: [], usage: { prompt_tokens: 7, total_tokens: 12 } },
      done,
    ),
  ],
  [
    "OPENAI_COMPATIBLE",
    stream(said, { ...stop, usage: { completion_tokens: 5, prompt_tokens: 0, total_tokens: 12 } }, done),
  ],
  ["GOOGLE", gemini({ promptTokenCount: 7, totalTokenCount: 12 })],
  ["ANTHROPIC", claude([], { usage: { input_tokens: 7 } }, { usage: { output_tokens: 5, input_tokens: null } })],
  ["OPENAI", gpt(completed)],
])("%s: a count of tokens that is left out is the rest of the total", async (provider, reply) => {
  expect((await ask(reply, provider)).usage).toEqual({
    inputTokens: 7,
    outputTokens: 5,
    totalTokens: 12,
    estimated: false,
  });
});

const plain = (body: string, type = "text/plain"): Reply => ({ type, body });
const json = (value: unknown): Reply => plain(JSON.stringify(value), "application/json");
const failed = (error: object) => ({ type: "response.failed", response: { status: "failed", error } });

test.each<[string, string, Reply, string, RegExp, number]>([
  ["OPENAI_COMPATIBLE", "a text", plain("404 page not found"), "MODEL_FAILED", /\/v1/, 1],
  ["OPENAI_COMPATIBLE", "a text with colons", plain("Status: up\nVersion: 5\n"), "MODEL_FAILED", /\/v1/, 1],
  ["ANTHROPIC", "a text", plain("404 page not found"), "MODEL_FAILED", /\/v1/, 1],
  ["OPENAI_COMPATIBLE", "JSON of a text", json("ok"), "MODEL_FAILED", /\/v1/, 1],
  ["OPENAI_COMPATIBLE", "null", json(null), "MODEL_FAILED", /\/v1/, 1],
  ["OPENAI_COMPATIBLE", "nothing", plain(""), "MODEL_UNAVAILABLE", /ended the stream/, 3],
  [
    "OPENAI_COMPATIBLE",
    "an unknown model",
    json({ error: "model 'x' not found" }),
    "MODEL_REJECTED",
    /no such model/,
    1,
  ],
  [
    "OPENAI_COMPATIBLE",
    "the code of an unknown model",
    json({ error: { message: "No.", code: "model_not_found" } }),
    "MODEL_REJECTED",
    /no such model/,
    1,
  ],
  [
    "OPENAI_COMPATIBLE",
    "an error with a code",
    json({ error: { message: "user not found", code: "no_user" } }),
    "MODEL_UNAVAILABLE",
    /`no_user`/,
    3,
  ],
  ["OPENAI_COMPATIBLE", "a chunk that is cut off", cut(stream(said), 9), "MODEL_UNAVAILABLE", /ended the stream/, 3],
  [
    "OPENAI_COMPATIBLE",
    "an event that is no JSON",
    events("data: {no\ndata: json\n\n"),
    "MODEL_FAILED",
    /can't be parsed/,
    1,
  ],
  [
    "OPENAI",
    "a failed response",
    stream(
      { type: "response.created", response: { id: "1", created_at: 0, model: "m" } },
      failed({ code: "server_error", message: "m" }),
    ),
    "MODEL_UNAVAILABLE",
    /`server_error`/,
    3,
  ],
  [
    "OPENAI",
    "a failure in the middle",
    gpt(failed({ code: "server_error", message: "m" })),
    "MODEL_UNAVAILABLE",
    /`server_error`/,
    1,
  ],
  [
    "ANTHROPIC",
    "an error",
    stream({ type: "error", error: { type: "overloaded_error", message: "m" } }),
    "MODEL_UNAVAILABLE",
    /`overloaded_error`/,
    3,
  ],
  [
    "ANTHROPIC",
    "an error by which it refuses the request",
    stream({ type: "error", error: { type: "invalid_request_error", message: "m" } }),
    "MODEL_REJECTED",
    /status 400 \(`invalid_request_error`\)/,
    1,
  ],
  [
    "ANTHROPIC",
    "an error with the name of a property of all objects",
    stream({ type: "error", error: { type: "toString", message: "m" } }),
    "MODEL_UNAVAILABLE",
    /status 500 \(`toString`\)/,
    3,
  ],
  [
    "ANTHROPIC",
    "an error that asks for patience",
    stream({ type: "error", error: { type: "rate_limit_error", message: "m" } }),
    "MODEL_REJECTED",
    /status 429 \(`rate_limit_error`\)/,
    3,
  ],
  [
    "OPENAI",
    "an error by which it refuses the request",
    stream({ type: "error", code: "context_length_exceeded", message: "m", param: null, sequence_number: 0 }),
    "MODEL_REJECTED",
    /status 400 \(`context_length_exceeded`\)/,
    1,
  ],
  [
    "OPENAI_COMPATIBLE",
    "an error by which it refuses the request",
    stream({ error: { type: "invalid_request_error", message: "m" } }),
    "MODEL_REJECTED",
    /status 400 \(`invalid_request_error`\)/,
    1,
  ],
  [
    "ANTHROPIC",
    "an error as text",
    stream({ type: "error", error: "sk-a_secret" }),
    "MODEL_UNAVAILABLE",
    /^The model's provider [^`]*$/,
    3,
  ],
])("%s: %s: the run fails with its reason", async (provider, _, reply, code, message, requests) => {
  const { status, error, requests: sent } = await ask(reply, provider);
  expect({ status, code: error?.code, requests: sent }).toEqual({ status: "FAILED", code, requests });
  expect(error.message).toMatch(message);
  expect(error.message).not.toContain("sk-a_secret");
});
