import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Passage } from "../../../src/retrieval/extraction/passage";
import { PassageIndex } from "../../../src/retrieval/search/passage-index";
import { writeIndex } from "../../../src/retrieval/search/passage-index-writer";
import { bestPassages, type SearchedDocument } from "../../../src/retrieval/search/ranking";
import { useServer } from "../../support/server";

/** With less memory than the documents that a search covers. */
const server = useServer({ MAX_READ_MEGABYTES: "64" });

const opened: PassageIndex[] = [];
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "latchkey-index-"));
});
afterEach(() => {
  for (const index of opened.splice(0)) index.close();
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;

async function indexed(id: string, passages: readonly (Passage | string)[]): Promise<SearchedDocument> {
  const path = join(folder, `${files++}`);
  await writeIndex(
    path,
    passages.map((passage) => (typeof passage === "string" ? { quote: passage } : passage)),
  );
  const index = PassageIndex.open(path);
  if (!index) throw new Error("the index does not exist");
  opened.push(index);
  return { id, index };
}

const answers = (documents: readonly SearchedDocument[], question: string) =>
  bestPassages(documents, question, [], 3).map(({ documentId, quote }) => `${documentId}: ${quote}`);

test("a word is weighted by its rarity in all documents together, not in its own document", async () => {
  const farms = await indexed(
    "farms",
    Array.from({ length: 50 }, (_, i) => `Farm ${i} has a barn.`),
  );
  const one = await indexed("one", ["This barn is not mine.", "Here is a vault."]);
  // In its own document `barn` is as rare as `vault`.
  expect(answers([farms, one], "barn vault")[0]).toBe("one: Here is a vault.");
});

test("each document is searched in its own language", async () => {
  const german = await indexed("german", ["Die Schlüssel liegen unter der Matte.", "Das Haus ist weiß."]);
  const english = await indexed("english", ["The keys are under the mat.", "The house is white."]);
  const japanese = await indexed("japanese", ["鍵はマットの下にあります。", "家は白いです。"]);
  const all = [german, english, japanese];
  expect(all.map(({ index }) => index.language.name)).toEqual(["german", "english", "japanese"]);

  expect(answers(all, "Where is the key?")).toEqual(["english: The keys are under the mat."]);
  expect(answers(all, "Wo liegt der Schlüssel?")).toEqual(["german: Die Schlüssel liegen unter der Matte."]);
  expect(answers(all, "鍵はどこですか")).toEqual(["japanese: 鍵はマットの下にあります。"]);
});

test("a passage is found by its heading, even if many other passages have the same words", async () => {
  const passages = Array.from({ length: 2_000 }, (_, i) =>
    ["price: 50", "place: here"].map((quote) => [quote, i] as const),
  );
  const document = await indexed(
    "a",
    passages.flat().map(([quote, i]) => ({ quote, heading: i === 1_234 ? "Emerald" : `Stone ${i}` })),
  );
  expect(bestPassages([document], "What is the price of an emerald?", [], 3)[0]).toMatchObject({
    quote: "price: 50",
    heading: "Emerald",
  });
});

test("a question without a match finds nothing, and is not searched for, whatever was asked before", async () => {
  const document = await indexed("a", ["The barn is red.", "The mill is white."]);
  const searches = jest.spyOn(document.index, "candidates");
  const earlier = ["barn", ...Array.from({ length: 50 }, () => "zebra ".repeat(10)), "What colour is the barn?"];
  expect(bestPassages([document], "Where is the giraffe?", earlier, 3)).toEqual([]);
  expect(bestPassages([document], "and how tall is it?", earlier, 3)).toEqual([]);
  expect(searches).not.toHaveBeenCalled();
});

test("a question that refers to an earlier one is understood by it", async () => {
  const document = await indexed("a", [
    "The mill is 30 m tall.",
    "The barn is 12 m tall.",
    "The barn is red.",
    "The house is 9 m tall.",
  ]);
  const found = (question: string, ...earlier: string[]) => bestPassages([document], question, earlier, 1)[0]?.quote;
  expect(found("And its height, how many m is it?", "What colour is the barn?")).toBe("The barn is 12 m tall.");
  expect(found("And that one?", "zebra", "What colour is the barn?")).toBe("The barn is red.");
  expect(found("And that one?")).toBeUndefined();
});

test.each([
  "Who are you?",
  "And how are you?",
  "What can you do?",
  "Wer bist du?",
  "Wer sind Sie?",
  "¿Quién es usted?",
  "你是谁",
  "?",
  "👍",
])(
  "a question without words of its own that refers to nothing is not answered by the one before it: %s",
  async (text) => {
    for (const passages of [
      ["The barn is red.", "The mill is white."],
      ["Die Scheune ist rot.", "Die Mühle ist weiß."],
    ]) {
      const document = await indexed("a", passages);
      expect(bestPassages([document], text, ["What colour is the barn? Welche Farbe hat die Scheune?"], 3)).toEqual([]);
    }
  },
);

test.each(["Tell me more about it.", "Can you explain that?", "Where is it?", "more?", "What else?"])(
  "a question that asks for more is answered by the words of the one before it: %s",
  async (text) => {
    const document = await indexed("a", ["The barn is red.", "The mill is white."]);
    expect(bestPassages([document], text, ["What colour is the barn?"], 1)[0]?.quote).toBe("The barn is red.");
    expect(bestPassages([document], text, [], 1)).toEqual([]);
  },
);

test("a property that the documents name otherwise does not keep a thing from being found", async () => {
  const document = await indexed("a", ["name: apple, price: 2", "name: plum, price: 3"]);
  expect(answers([document], "What does a plum cost?")).toEqual(["a: name: plum, price: 3"]);
  expect(answers([document], "What does a pineapple cost?")).toEqual([]);
});

test("a question is found in a longer message", async () => {
  const document = await indexed("a", ["The barn is red.", "The mill is white."]);
  for (const message of [
    "Hello, my name is Ada and I write to you from Oslo. What colour is the barn? Many thanks and best wishes!",
    "What colour is the barn? 5f0c1a52-8b1e-4a9e-9e4c-1f7a0c55d0e1",
  ]) {
    expect(answers([document], message)).toEqual(["a: The barn is red."]);
  }
  expect(answers([document], "Hello, my name is Ada. Who is the president of France? Many thanks!")).toEqual([]);
});

test.each([
  ["war", "The war ended in 1945."],
  ["hat", "The hat is blue."],
  ["son", "The son left home."],
  ["IT", "Ask the IT department."],
  ["WHO", "The WHO has its seat in Geneva."],
  ["it", "Ask the IT department."],
  ["die", "Throw the die."],
])("a small word of another language is found if it is asked for alone: %s", async (question, quote) => {
  const document = await indexed("a", [
    "The war ended in 1945.",
    "The hat is blue.",
    "The son left home.",
    "Ask the IT department.",
    "The WHO has its seat in Geneva.",
    "Throw the die.",
    "It is what it was, and who knows it?",
  ]);
  expect(answers([document], question)).toEqual([`a: ${quote}`]);
});

test.each([
  ["support phone", "support_phone: 555-0100"],
  ["refund policy days", "refundPolicyDays: 30"],
  ["refundPolicyDays", "refundPolicyDays: 30"],
  ["server", "HTTPServer: on"],
  ["supermarket", "The super\u00admarket is open."],
  ["iphone", "iPhone15Pro: in stock"],
  ["iso date", "ISO8601Date: today"],
  ["server url", "HTTPServer2URL: none"],
])("identifiers and words with soft hyphens are found by %s", async (question, quote) => {
  const document = await indexed("a", [
    "support_phone: 555-0100",
    "refundPolicyDays: 30",
    "HTTPServer: on",
    "iPhone15Pro: in stock",
    "ISO8601Date: today",
    "HTTPServer2URL: none",
    "The super\u00admarket is open.",
  ]);
  expect(answers([document], question)[0]).toBe(`a: ${quote}`);
});

test("the query syntax of the index is searched as words", async () => {
  const document = await indexed("a", ["The barn is red.", "NEAR the house OR the mill."]);
  expect(answers([document], 'mill" OR passage:* ) - NEAR(')).toEqual(["a: NEAR the house OR the mill."]);
  expect(answers([document], "😀 \u0000 * ^ :")).toEqual([]);
});

test("opening an incomplete index throws, and opening a missing one returns undefined", async () => {
  const path = join(folder, "cut off");
  const failing = function* (): Generator<Passage> {
    for (let i = 0; i < 1_000; i++) yield { quote: `The barn ${i} is red.` };
    throw new Error("cut off");
  };
  await expect(writeIndex(path, failing())).rejects.toThrow("cut off");
  expect(() => PassageIndex.open(path)).toThrow();
  expect(PassageIndex.open(join(folder, "nothing"))).toBeUndefined();
});

test("a search works on documents that are far larger than its memory limit", async () => {
  const app = await server.current.newApp();
  const sessionId = await app.session();
  const filler = "Nobody knows what the weather will be, since nobody has asked the people who do. ".repeat(20_000);
  for (let i = 14; i < 18; i++) await app.document(sessionId, `${filler}\n\nVault ${i} holds ${i * 111} emeralds.`);

  const { executeAgent } = await server.current.admin.data(
    `mutation ($input: ExecuteAgentInput!) { executeAgent(input: $input) { run { status output } } }`,
    { input: { agentId: await app.agent(), text: "How many emeralds are in vault 17?", session: { id: sessionId } } },
  );
  expect(executeAgent.run).toMatchObject({ status: "SUCCEEDED" });
  expect(executeAgent.run.output).toMatch(/^Vault 17 holds 1887 emeralds\./);

  const ids = await server.current.store.names();
  await server.current.admin.data(`mutation ($id: ID!) { terminateSession(input: { id: $id }) { session { id } } }`, {
    id: sessionId,
  });
  expect(ids).toHaveLength(8);
  expect(await server.current.store.names()).toEqual([]);
}, 120_000);
