import { citationsIn, promptOf } from "../../../src/model/prompt";
import { usageAfter, usageOf } from "../../../src/model/provider-usage";

const user = (text: string) => ({ role: "USER", text }) as const;
const agent = (text: string) => ({ role: "AGENT", text }) as const;
const asked = { instructions: "", text: "And now?", earlier: [], documents: [] };
const barn = { documentId: "1", quote: "The barn is red." };
const house = { documentId: "2", quote: "white", searchText: "colour: white" };
const documents = [
  { id: "1", filename: "barn.txt" },
  { id: "2", filename: "house.csv" },
];

test("of what was said before the newest messages that fit are told, beginning with one of the user's", () => {
  const told = (earlier: Parameters<typeof promptOf>[0]["earlier"]) =>
    promptOf({ ...asked, earlier }, []).messages.map(({ role, content }) => [role, content.slice(0, 3)]);

  expect(told([user("one"), agent("two"), user("tri")])).toEqual([
    ["user", "one"],
    ["assistant", "two"],
    ["user", "tri"],
    ["user", "And"],
  ]);
  // 16,000 bytes are some 4,000 tokens, and fit; with one more they don't.
  expect(told([user("one"), user("x".repeat(15_996))])).toHaveLength(3);
  expect(told([user("one"), user("x".repeat(16_000))])).toEqual([
    ["user", "xxx"],
    ["user", "And"],
  ]);
  expect(told([user("one"), user("日".repeat(5_334))])).toEqual([["user", "And"]]);
  expect(told([user("x".repeat(16_000)), agent("two"), user("tri")])).toEqual([
    ["user", "tri"],
    ["user", "And"],
  ]);
  expect(told([user("one"), agent("  "), user("tri")])).toHaveLength(3);
});

test("without instructions there is no system prompt, and without documents the user's text stands alone", () => {
  expect(promptOf(asked, [])).toEqual({ system: undefined, messages: [{ role: "user", content: "And now?" }] });
  expect(promptOf({ ...asked, instructions: " You are a guide.\n" }, []).system).toBe(" You are a guide.\n");
});

test("passages are numbered, say where they stand, and come before what the user says", () => {
  const content = promptOf({ ...asked, documents }, [barn, house]).messages.at(-1)?.content ?? "";
  expect(content.split("\n\n").slice(1)).toEqual([
    "[1] barn.txt: The barn is red.",
    "[2] house.csv: colour: white",
    "And now?",
  ]);
});

test("a model is told that there are documents in which nothing matches", () => {
  const content = promptOf({ ...asked, documents }, []).messages.at(-1)?.content;
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
])("%s", (answer, cited) => {
  expect([...citationsIn(answer, [barn, house])]).toEqual(
    cited.map(({ documentId, quote }) => ({ kind: "citation", documentId, quote, page: null })),
  );
});

test("usage is told in many ways, and what is not told stays as it was", () => {
  const told = { inputTokens: 11, outputTokens: 5, totalTokens: 16 };
  expect(usageAfter(undefined, { usage: { prompt_tokens: 11, completion_tokens: 5, total_tokens: 99 } })).toEqual(told);
  expect(usageAfter(undefined, { response: { usage: { input_tokens: 11, output_tokens: 5 } } })).toEqual(told);
  expect(
    usageAfter(undefined, { usageMetadata: { promptTokenCount: 11, candidatesTokenCount: 3, thoughtsTokenCount: 2 } }),
  ).toEqual(told);
  const begun = usageAfter(undefined, {
    message: { usage: { input_tokens: 1, cache_read_input_tokens: 10, output_tokens: 1 } },
  });
  expect(begun).toEqual({ inputTokens: 11, outputTokens: 1, totalTokens: 12 });
  expect(usageAfter(begun, { usage: { output_tokens: 5 } })).toEqual(told);
  for (const raw of [undefined, null, 1, "x", {}, { usage: null }, { usage: {} }, { usage: { prompt_tokens: -1 } }]) {
    expect(usageAfter(told, raw)).toEqual(told);
  }
  expect(usageAfter(undefined, { usage: { prompt_tokens: 1e15 } })).toBeUndefined();
  expect(usageOf(undefined, undefined)).toBeUndefined();
  expect(usageOf(NaN, 5)).toEqual({ inputTokens: 0, outputTokens: 5, totalTokens: 5 });
});
