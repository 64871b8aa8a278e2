import { randomUUID } from "node:crypto";
import { allowHosts } from "../../support/allowed-hosts";
import { replyOf, sse, type Reply, useReplayServer } from "../../support/replay-server";
import { useServer } from "../../support/server";
import { transports } from "../../support/streams";

const replay = useReplayServer();
const server = useServer({ ...allowHosts("127.0.0.1") });

const run = `id status output error { code message } usage { inputTokens outputTokens totalTokens estimated }`;
const execute = `mutation ($input: ExecuteAgentInput!) { executeAgent(input: $input) { run { ${run} } session { id } } }`;
const events = `subscription ($runId: ID!) {
  runEvents(runId: $runId) {
    __typename
    ... on RunOutput { text }
    ... on RunReasoning { reasoning: text voidsOutput }
    ... on RunToolCall { name }
  }
}`;
const answer = "The barn is red.";

interface AskOptions {
  readonly provider?: string;
  readonly input?: object;
  readonly agent?: object;
  readonly apiKey?: string;
}

/** Executes an agent whose provider gives this reply to each request. */
async function ask(
  reply: Reply,
  { provider = "OPENAI_COMPATIBLE", input, agent, apiKey = "sk-a_secret" }: AskOptions = {},
) {
  const path = `/${randomUUID()}`;
  const app = await server.current.newApp();
  await app.modelConnection(replay.current.on(path, reply), { provider, apiKey });
  const agentId = await app.agent({ model: "model/m", ...agent });
  const { executeAgent } = await server.current.admin.data(execute, { input: { agentId, text: "colour?", ...input } });
  const stream = transports["server-sent events"](server.current.admin, events, { runId: executeAgent.run.id });
  const all = (await stream.all()).map(({ data }) => data.runEvents as Record<string, any>);
  return {
    ...executeAgent.run,
    sessionId: executeAgent.session.id as string,
    requests: replay.current.at(path),
    events: all,
    reasoning: all.map((event) => event["reasoning"] ?? "").join(""),
  };
}

const stream = (...chunks: unknown[]): Reply => ({ type: "text/event-stream", body: sse(...chunks) });
const chunk = (delta: object, more: object = {}) => ({ choices: [{ index: 0, delta, ...more }] });
const said = (content: unknown) => chunk({ content });
const stop = chunk({}, { finish_reason: "stop" });
const done = "[DONE]";
const whole = (body: unknown): Reply => ({ type: "application/json", body: JSON.stringify(body) });

test.each<[string, Reply]>([
  ["think.sse", replyOf("think.sse")],
  ["think-empty.sse", replyOf("think-empty.sse")],
  ["message-not-delta.sse", replyOf("message-not-delta.sse")],
  ["whole-answer.json", replyOf("whole-answer.json")],
  ["choices-null.sse", replyOf("choices-null.sse")],
  ["usage-chunk-without-choices.sse", replyOf("usage-chunk-without-choices.sse")],
  ["two-choices.sse", replyOf("two-choices.sse")],
  ["after-done.sse", replyOf("after-done.sse")],
  ["no finish reason before the end", stream(said(answer), chunk({}, { finish_reason: null }), done)],
  ["an empty finish reason", stream(said(answer), chunk({}, { finish_reason: "" }), done)],
  ["a finish reason of another server", stream(said(answer), chunk({}, { finish_reason: "eos_token" }), done)],
  ["a role of another name", stream(chunk({ role: "model", content: answer }), stop, done)],
  ["a text in parts", stream(said([{ type: "text", text: "The barn" }, { text: " is red." }]), stop, done)],
  ["an error that is null", stream({ ...said(answer), error: null }, stop, done)],
  ["ids that are numbers", stream({ id: 5, created: "now", ...said(answer) }, stop, done)],
  [
    "a whole answer behind its deltas",
    stream(said(answer), { choices: [{ message: { content: answer }, finish_reason: "stop" }] }, done),
  ],
  ["a whole answer as server-sent events", { ...replyOf("whole-answer.json"), type: "text/event-stream" }],
  [
    "a whole answer in several lines",
    { ...replyOf("whole-answer.json"), body: JSON.stringify(JSON.parse(replyOf("whole-answer.json").body), null, 2) },
  ],
  ["events of type text/html", { ...stream(said(answer), stop, done), type: "text/html" }],
  [
    "lines of JSON",
    {
      type: "application/x-ndjson",
      body: `${JSON.stringify(said("The barn"))}\n${JSON.stringify(said(" is red."))}\n${JSON.stringify(stop)}\n`,
    },
  ],
  ["a choice without index", stream({ choices: [{ delta: { content: answer }, finish_reason: "stop" }] }, done)],
  [
    "usage of texts and floats",
    stream(
      { ...said(answer), usage: { prompt_tokens: "7", completion_tokens: 4.2, prompt_tokens_details: "none" } },
      stop,
      done,
    ),
  ],
])("%s: the answer is taken as the server means it, with one request", async (_, reply) => {
  const { status, output, error, requests, usage } = await ask(reply);
  expect({ status, output, error }).toEqual({ status: "SUCCEEDED", output: answer, error: null });
  expect(requests).toHaveLength(1);
  expect(usage.totalTokens).toBeGreaterThan(0);
});

test("usage in a chunk without choices is counted, and a lone total is kept", async () => {
  expect((await ask(replyOf("usage-chunk-without-choices.sse"))).usage).toEqual({
    inputTokens: 7,
    outputTokens: 5,
    totalTokens: 12,
    estimated: false,
  });
  expect((await ask(replyOf("usage-total-only.sse"))).usage).toEqual({
    inputTokens: 8,
    outputTokens: 4,
    totalTokens: 12,
    estimated: true,
  });
  const zeros = { usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } };
  expect((await ask(stream(said(answer), { ...stop, ...zeros }, done))).usage).toMatchObject({
    outputTokens: 4,
    estimated: true,
  });
});

test.each<[string, Reply, string]>([
  ["think.sse", replyOf("think.sse"), "\nThe user asks about a barn.\n"],
  ["think-empty.sse", replyOf("think-empty.sse"), "\n\n"],
  ["a field", stream(chunk({ reasoning_content: "Hm." }), said(answer), stop, done), "Hm."],
  ["a field of another name", stream(chunk({ reasoning: "Hm." }), said(answer), stop, done), "Hm."],
  ["a tag in pieces", stream(...["<th", "ink>H", "m.</thi", "nk>", "\n\n", answer].map(said), stop, done), "Hm."],
  ["another tag", stream(said(`<Thinking>Hm.</Thinking>${answer}`), stop, done), "Hm."],
  ["two blocks", stream(said(`<think>Hm.</think>\n<think> Yes.</think>\n${answer}`), stop, done), "Hm. Yes."],
  [
    "parts",
    stream(said([{ type: "thinking", thinking: [{ type: "text", text: "Hm." }] }]), said(answer), stop, done),
    "Hm.",
  ],
  ["a whole answer", whole({ choices: [{ message: { content: answer, reasoning_content: "Hm." } }] }), "Hm."],
])(
  "reasoning in %s is an event of its own, and neither output nor a message nor what the next run is told",
  async (_, reply, reasoning) => {
    const first = await ask(reply);
    expect(first).toMatchObject({ status: "SUCCEEDED", output: answer, reasoning });
    expect(
      first.events
        .filter(({ __typename }: any) => __typename === "RunOutput")
        .map(({ text }: any) => text)
        .join(""),
    ).toBe(answer);
    const query = `query ($id: ID!) { session(id: $id) { messages(first: 10) { nodes { text } } } }`;
    const { session } = await server.current.admin.data(query, { id: first.sessionId });
    expect(session.messages.nodes.map(({ text }: any) => text)).toEqual(["colour?", answer]);
  },
);

test("a tag behind the beginning of an answer, and the end of a tag in code, are part of the answer", async () => {
  for (const text of ["Use `<think>` and `</think>`.", "So:\n```\n</think>\n```\nDone.", "Write '</think>'."]) {
    const parts = text.match(/[^]{1,5}/g) ?? [];
    expect(await ask(stream(...parts.map(said), stop, done))).toMatchObject({ output: text, reasoning: "" });
  }
});

test("reasoning whose beginning is part of the prompt is retracted from the output when its end comes", async () => {
  const { output, status, ...told } = await ask(
    stream(...["Hm. A", " barn.\n</th", "ink>\n\n", "The barn", " is red."].map(said), stop, done),
  );
  expect({ status, output }).toEqual({ status: "SUCCEEDED", output: answer });
  expect(told.events.filter(({ voidsOutput }: any) => voidsOutput === true)).toHaveLength(1);
});

test.each<[string, Reply, string, string | RegExp, number]>([
  ["only-reasoning.sse", replyOf("only-reasoning.sse"), "MODEL_OUTPUT_EMPTY", /has no text/, 1],
  [
    "reasoning in a tag that does not end",
    stream(said("<think>Hm."), stop, done),
    "MODEL_OUTPUT_EMPTY",
    /has no text/,
    1,
  ],
  [
    "reasoning whose beginning is missing, and no answer",
    stream(said("Hm.\n</think>\n"), stop, done),
    "MODEL_OUTPUT_EMPTY",
    /has no text/,
    1,
  ],
  ["an empty answer", stream(said(""), stop, done), "MODEL_OUTPUT_EMPTY", /has no text/, 1],
  ["an answer of white space", stream(said("\n \n"), stop, done), "MODEL_OUTPUT_EMPTY", /has no text/, 1],
  ["an answer without choices", whole({ choices: [] }), "MODEL_OUTPUT_EMPTY", /has no text/, 1],
  ["finish-error.sse", replyOf("finish-error.sse"), "MODEL_UNAVAILABLE", /reported an error/, 1],
  [
    "an unknown finish reason",
    stream(said("The"), chunk({}, { finish_reason: "tired" }), done),
    "MODEL_UNAVAILABLE",
    /`tired`/,
    1,
  ],
  [
    "content_filter",
    stream(said("The"), chunk({}, { finish_reason: "content_filter" }), done),
    "MODEL_REJECTED",
    /content filter/,
    1,
  ],
  [
    "another name of a content filter",
    stream(said("The"), chunk({}, { finish_reason: "SAFETY" }), done),
    "MODEL_REJECTED",
    /content filter/,
    1,
  ],
  ["login-page.html", replyOf("login-page.html"), "MODEL_FAILED", /\/v1/, 1],
  ["a page of another type", { ...replyOf("login-page.html"), type: "text/plain" }, "MODEL_FAILED", /\/v1/, 1],
  ["JSON of another API", whole({ status: "ok" }), "MODEL_FAILED", /\/v1/, 1],
  [
    "an unknown path with status 200",
    whole({ error: "Unexpected endpoint or method. (POST /chat/completions)" }),
    "MODEL_FAILED",
    /\/v1/,
    1,
  ],
  [
    "an unknown path",
    { status: 404, type: "text/plain", body: "404 page not found" },
    "MODEL_REJECTED",
    /status 404.*\/v1/,
    1,
  ],
  ["error-as-text.sse", replyOf("error-as-text.sse"), "MODEL_UNAVAILABLE", /reported an error/, 3],
  [
    "an error that is not streamed",
    whole({ error: { message: "sk-a_secret", code: "overloaded" } }),
    "MODEL_UNAVAILABLE",
    /`overloaded`/,
    3,
  ],
  [
    "an error without an envelope",
    stream({ object: "error", message: "m", type: "BadRequestError", code: 400 }, done),
    "MODEL_REJECTED",
    /status 400 \(`BadRequestError`\)/,
    1,
  ],
  [
    "an event of the name error",
    { type: "text/event-stream", body: `event: error\ndata: {"message": "m", "type": "overloaded_error"}\n\n` },
    "MODEL_UNAVAILABLE",
    /`overloaded_error`/,
    3,
  ],
])("%s: the run fails with its reason", async (_, reply, code, message, requests) => {
  const failed = await ask(reply);
  expect(failed).toMatchObject({ status: "FAILED", error: { code } });
  expect(failed.error.message).toMatch(message);
  expect(failed.error.message).not.toContain("sk-a_secret");
  expect(failed.requests).toHaveLength(requests);
});

test.each<[string, object, string]>([
  [
    "its code",
    { error: { message: "m", type: "invalid_request_error", code: "insufficient_quota" } },
    " (`insufficient_quota`)",
  ],
  ["its type", { error: { message: "m", type: "authentication_error", code: null } }, " (`authentication_error`)"],
  ["its status", [{ error: { message: "m", status: "PERMISSION_DENIED", code: 403 } }], " (`PERMISSION_DENIED`)"],
  [
    "a code without an envelope",
    { object: "error", message: "m", code: "1000", type: "invalid_model" },
    " (`invalid_model`)",
  ],
  ["a sentence as its code", { error: { message: "m", code: "Your key sk-a_secret is wrong" } }, ""],
  ["the key as its code", { error: { message: "m", code: "sk-a_secret" } }, ""],
  ["no code", { detail: "Not allowed" }, ""],
])("a status is told with the provider's own code of the error: %s", async (_, body, told) => {
  const { error } = await ask({ status: 403, type: "application/json", body: JSON.stringify(body) });
  expect(error).toEqual({ code: "MODEL_REJECTED", message: `The model's provider answered with status 403${told}.` });
});

/** An Anthropic answer as server-sent events. */
const anthropic = (text: string, stopReason: string): Reply =>
  stream(
    {
      type: "message_start",
      message: { id: "1", model: "m", role: "assistant", content: [], usage: { input_tokens: 1, output_tokens: 1 } },
    },
    ...(text === ""
      ? []
      : [
          { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
          { type: "content_block_delta", index: 0, delta: { type: "text_delta", text } },
          { type: "content_block_stop", index: 0 },
        ]),
    { type: "message_delta", delta: { stop_reason: stopReason }, usage: { output_tokens: 5 } },
    { type: "message_stop" },
  );
const google = (parts: unknown[] | undefined, finishReason: string): Reply =>
  stream({
    candidates: [{ ...(parts && { content: { role: "model", parts } }), finishReason }],
    usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1 },
  });
const responses = (item: object, response: object, type = "response.completed"): Reply =>
  stream(
    { type: "response.created", response: { id: "1", created_at: 0, model: "m" } },
    { type: "response.output_item.added", output_index: 0, item: { type: "message", id: "a" } },
    item,
    { type, response: { usage: { input_tokens: 1, output_tokens: 1 }, ...response } },
  );

test.each<[string, string, Reply, object]>([
  ["ANTHROPIC", "pause_turn", anthropic("The", "pause_turn"), { code: "MODEL_UNAVAILABLE" }],
  ["ANTHROPIC", "refusal", anthropic("The", "refusal"), { code: "MODEL_REJECTED" }],
  ["ANTHROPIC", "max_tokens", anthropic("The", "max_tokens"), { code: "MODEL_OUTPUT_TOO_LONG" }],
  ["ANTHROPIC", "no content", anthropic("", "end_turn"), { code: "MODEL_OUTPUT_EMPTY" }],
  ["GOOGLE", "OTHER", google([{ text: "The" }], "OTHER"), { code: "MODEL_UNAVAILABLE" }],
  ["GOOGLE", "UNEXPECTED_TOOL_CALL", google([{ text: "The" }], "UNEXPECTED_TOOL_CALL"), { code: "MODEL_UNAVAILABLE" }],
  [
    "GOOGLE",
    "MALFORMED_FUNCTION_CALL",
    google([{ text: "The" }], "MALFORMED_FUNCTION_CALL"),
    { code: "MODEL_UNAVAILABLE" },
  ],
  ["GOOGLE", "SAFETY", google([{ text: "The" }], "SAFETY"), { code: "MODEL_REJECTED" }],
  ["GOOGLE", "no content", google(undefined, "STOP"), { code: "MODEL_OUTPUT_EMPTY" }],
  ["OPENAI", "no content", responses({ type: "response.in_progress" }, {}), { code: "MODEL_OUTPUT_EMPTY" }],
  [
    "OPENAI",
    "incomplete",
    responses(
      { type: "response.output_text.delta", item_id: "a", delta: "The" },
      { incomplete_details: { reason: "content_filter" } },
      "response.incomplete",
    ),
    { code: "MODEL_REJECTED" },
  ],
  ["ANTHROPIC", "a whole answer", whole({ content: [] }), { code: "MODEL_FAILED" }],
  ["GOOGLE", "a whole answer", whole([{ candidates: [] }]), { code: "MODEL_FAILED" }],
  ["ANTHROPIC", "a page", replyOf("login-page.html"), { code: "MODEL_FAILED" }],
  ["GOOGLE", "a page", replyOf("login-page.html"), { code: "MODEL_FAILED" }],
  ["OPENAI", "a page", replyOf("login-page.html"), { code: "MODEL_FAILED" }],
])("%s: an answer that ends with %s fails the run", async (provider, _, reply, error) => {
  const failed = await ask(reply, { provider, agent: { maxOutputTokens: 50 } });
  expect(failed).toMatchObject({ status: "FAILED", error });
  expect(failed.requests).toHaveLength(1);
});

test("Gemini's and Claude's thoughts are events of their own", async () => {
  const thoughts: Reply[] = [
    google([{ text: "Hm.", thought: true }, { text: answer }], "STOP"),
    stream(
      {
        type: "message_start",
        message: { id: "1", model: "m", role: "assistant", content: [], usage: { input_tokens: 1, output_tokens: 1 } },
      },
      { type: "content_block_start", index: 0, content_block: { type: "thinking", thinking: "" } },
      { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "Hm." } },
      { type: "content_block_stop", index: 0 },
      { type: "content_block_start", index: 1, content_block: { type: "text", text: "" } },
      { type: "content_block_delta", index: 1, delta: { type: "text_delta", text: answer } },
      { type: "content_block_stop", index: 1 },
      { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 5 } },
      { type: "message_stop" },
    ),
  ];
  for (const [i, reply] of thoughts.entries()) {
    expect(await ask(reply, { provider: ["GOOGLE", "ANTHROPIC"][i] ?? "" })).toMatchObject({
      output: answer,
      reasoning: "Hm.",
    });
  }
});

test("a session goes on after a failed run at a provider that wants roles to alternate", async () => {
  const path = `/${randomUUID()}`;
  let isDown = false;
  const alternates = (messages: { role: string }[]) => messages.every(({ role }, i) => role !== messages[i - 1]?.role);
  const app = await server.current.newApp();
  await app.modelConnection(
    replay.current.on(path, ({ body }) => {
      if (isDown || !alternates(body.messages))
        return { status: 400, type: "application/json", body: `{"error": {"code": "roles"}}` };
      return stream(said(answer), stop, done);
    }),
  );
  const agentId = await app.agent({ model: "model/m" });
  const sessionId = await app.session();
  const results: string[] = [];
  for (const [i, text] of ["one", "two", "three", "four", "five"].entries()) {
    isDown = i === 0 || i === 2 || i === 3;
    const { executeAgent } = await server.current.admin.data(execute, {
      input: { agentId, text, session: { id: sessionId } },
    });
    results.push(executeAgent.run.status);
  }
  expect(results).toEqual(["FAILED", "SUCCEEDED", "FAILED", "FAILED", "SUCCEEDED"]);
  expect(replay.current.at(path).at(-1)?.body.messages).toEqual([
    { role: "user", content: "one\n\ntwo" },
    { role: "assistant", content: answer },
    { role: "user", content: "three\n\nfour\n\nfive" },
  ]);
});
