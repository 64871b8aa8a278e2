import { buildPrompt, citationsIn } from "../../../src/model/prompt";
import { mergeUsage, tokenUsage } from "../../../src/model/provider-usage";

const user = (text: string) => ({ role: "USER", text }) as const;
const agent = (text: string) => ({ role: "AGENT", text }) as const;
const request = { instructions: "", text: "And now?", earlier: [], documents: [] };
const barn = { documentId: "1", quote: "The barn is red." };
const house = { documentId: "2", quote: "white", searchText: "colour: white", page: 3 };
const documents = [
  { id: "1", filename: "barn.txt" },
  { id: "2", filename: "house.csv" },
];

test("a prompt has the newest previous messages that fit, and begins with one of the user's", () => {
  const messages = (earlier: Parameters<typeof buildPrompt>[0]["earlier"]) =>
    buildPrompt({ ...request, earlier }, []).messages.map(({ role, content }) => [role, content.slice(0, 3)]);

  expect(messages([user("one"), agent("two")])).toEqual([
    ["user", "one"],
    ["assistant", "two"],
    ["user", "And"],
  ]);
  // 16,000 bytes count as 4,000 tokens, which is the limit.
  expect(messages([user("one"), agent("x".repeat(15_996))])).toHaveLength(3);
  expect(messages([user("one"), agent("x".repeat(16_000))])).toEqual([["user", "And"]]);
  expect(messages([user("one"), agent("日".repeat(5_334))])).toEqual([["user", "And"]]);
  expect(messages([user("x".repeat(16_000)), agent("two"), user("tri"), agent("for")])).toEqual([
    ["user", "tri"],
    ["assistant", "for"],
    ["user", "And"],
  ]);
});

test("messages of one role that follow each other are joined, so that roles alternate", () => {
  const earlier = [user("one"), agent("  "), user("two"), agent("three"), agent("four"), user("five")];
  expect(buildPrompt({ ...request, earlier }, []).messages).toEqual([
    { role: "user", content: "one\n\ntwo" },
    { role: "assistant", content: "three\n\nfour" },
    { role: "user", content: "five\n\nAnd now?" },
  ]);
});

test("a prompt has no system message without instructions, and only the user's text without documents", () => {
  expect(buildPrompt(request, [])).toEqual({ system: undefined, messages: [{ role: "user", content: "And now?" }] });
  expect(buildPrompt({ ...request, instructions: " You are a guide.\n" }, []).system).toBe(" You are a guide.\n");
});

test("passages are numbered, name their document, and precede the user's text", () => {
  const content = buildPrompt({ ...request, documents }, [barn, house]).messages.at(-1)?.content ?? "";
  expect(content.split("\n\n").slice(1)).toEqual([
    "[1] barn.txt: The barn is red.",
    "[2] house.csv: colour: white",
    "And now?",
  ]);
});

test("a prompt says so if no passage of the documents matches", () => {
  const content = buildPrompt({ ...request, documents }, []).messages.at(-1)?.content;
  expect(content).toBe(
    "The user has uploaded documents (barn.txt, house.csv). Nothing in them matches the following message.\n\nAnd now?",
  );
});

test.each([
  ["It is red [1].", [barn]],
  ["White [2], red [1], and white [2].", [house, barn]],
  ["Both [1, 2].", [barn, house]],
  ["None.", []],
  ["[3] [0] [12345] [a] [] 1 [1", []],
])("an answer cites the passages whose numbers it has in brackets: %s", (answer, cited) => {
  expect([...citationsIn(answer, [barn, house])]).toEqual(
    cited.map(({ documentId, quote }) => ({ kind: "citation", documentId, quote, page: quote === "white" ? 3 : null })),
  );
});

test("usage is read from each provider's format, and counts that a chunk lacks are kept", () => {
  const complete = { inputTokens: 11, outputTokens: 5, totalTokens: 16 };
  expect(mergeUsage(undefined, { usage: { prompt_tokens: 11, completion_tokens: 5, total_tokens: 99 } })).toEqual(
    complete,
  );
  expect(mergeUsage(undefined, { response: { usage: { input_tokens: 11, output_tokens: 5 } } })).toEqual(complete);
  expect(
    mergeUsage(undefined, { usageMetadata: { promptTokenCount: 11, candidatesTokenCount: 3, thoughtsTokenCount: 2 } }),
  ).toEqual(complete);
  const partial = mergeUsage(undefined, {
    message: { usage: { input_tokens: 1, cache_read_input_tokens: 10, output_tokens: 1 } },
  });
  expect(partial).toEqual({ inputTokens: 11, outputTokens: 1, totalTokens: 12 });
  expect(mergeUsage(partial, { usage: { output_tokens: 5 } })).toEqual(complete);
  for (const raw of [undefined, null, 1, "x", {}, { usage: null }, { usage: {} }, { usage: { prompt_tokens: -1 } }]) {
    expect(mergeUsage(complete, raw)).toEqual(complete);
  }
  expect(mergeUsage(undefined, { usage: { prompt_tokens: 1e15 } })).toBeUndefined();
  expect(mergeUsage(undefined, { usage: { prompt_tokens: 6.5, completion_tokens: "x", total_tokens: 12 } })).toEqual({
    inputTokens: 7,
    outputTokens: 5,
    totalTokens: 12,
  });
  expect(mergeUsage(undefined, { usage: { prompt_tokens: 0, completion_tokens: 0 } })).toBeUndefined();
  expect(tokenUsage(undefined, undefined)).toBeUndefined();
  expect(tokenUsage(NaN, 5)).toEqual({ inputTokens: 0, outputTokens: 5, totalTokens: 5 });
});
