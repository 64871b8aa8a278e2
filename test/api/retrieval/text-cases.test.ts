import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readDocument } from "../../support/documents";
import { useServer } from "../../support/server";

const server = useServer();
const execute = `mutation ($input: ExecuteAgentInput!) {
  executeAgent(input: $input) { run { status output citations { quote } } }
}`;
const caseOf = (name: string): Buffer => readFileSync(join(__dirname, "../../cases/retrieval", name));

async function sessionWith(content: Buffer | string) {
  const app = await server.current.newApp();
  const sessionId = await app.session();
  const agentId = await app.agent();
  await server.current.admin.upload(sessionId, content, "document");
  const document = await readDocument(server.current.admin, sessionId);
  const ask = async (text: string) => {
    const input = { agentId, text, session: { id: sessionId } };
    return (await server.current.admin.data(execute, { input })).executeAgent.run as {
      output: string;
      citations: readonly { quote: string }[];
    };
  };
  return { document, ask };
}

const units = "How many units of Gadget?";
const named = "Name: Gadget, Region: Asia, Units: 34";

test.each([
  ["sep-line.csv", units, named],
  ["title-line.csv", units, named],
  ["ragged.csv", units, named],
  ["empty-header-cell.csv", units, named],
  ["pipe.csv", units, named],
  ["no-header.csv", "Widget", "1,Widget,12"],
  ["numbers.json", "orderId", "orderId: 12345678901234567890"],
  ["keys.json", "What is the support phone?", "support_phone: 555-0100"],
  ["keys.json", "opening hours", "opening_hours: 9-17"],
  ["camel.json", "refund policy days", "refundPolicyDays: 30"],
  ["camel.json", "How many users at most, max users?", "maxUsers: 25"],
  [
    "server-log.txt",
    "When did the payment gateway time out?",
    "2026-11-28T10:17:00Z ERROR payment gateway timeout order=8812",
  ],
  ["lines.jsonl", "What is the temp in Lima7?", '{"id": 7, "city": "Lima7", "temp": 21}'],
  ["fragment-h2.html", "What colour is the barn?", "The barn is red."],
  ["fragment-meta.html", "What colour is the barn?", "The barn is red."],
  ["dl.html", "height", "Height 12 m"],
  ["soft-hyphen.html", "supermarket", "The super\u00admarket is open."],
  ["windows-1252.txt", "Tür", "Die Tür ist grün."],
  ["one-bad-byte.txt", "What colour is the barn?", "The barn is red."],
  ["shift-jis.txt", "住所", "住所は東京です。"],
  ["ctrl-z.txt", "barn", "The barn is red."],
  ["mail.eml", "When will it be painted red?", "The barn will be painted red on Friday."],
  ["setext.md", "What colour is the barn?", "The colour is red."],
])("%s answers %j with its passage alone", async (name, question, answer) => {
  const { document, ask } = await sessionWith(caseOf(name));
  expect(document).toMatchObject({ status: "READY", error: null });
  const { output, citations } = await ask(question);
  expect(output).toBe(`${answer} [document]`);
  expect(citations).toHaveLength(1);
});

test("an empty file is FAILED, and says that it has no text", async () => {
  expect((await sessionWith(caseOf("empty.txt"))).document).toMatchObject({
    status: "FAILED",
    error: "It has no text.",
  });
});

test.each(["follow-up.json", "keywords.json"])(
  "the questions of %s get their answers, one after the other",
  async (name) => {
    const { document, questions, right } = JSON.parse(caseOf(name).toString()) as {
      document: string;
      questions: readonly string[];
      right: readonly string[];
    };
    const { ask } = await sessionWith(document);
    for (const [i, question] of questions.entries()) {
      const start = (right[i] ?? "").replace(/ \.\.\.$/, "");
      expect((await ask(question)).output.slice(0, start.length)).toBe(start);
    }
  },
);

test.each([
  ["Latin-1", "Die Scheune gehört uns. Das Tor ist kaputt.", "latin1"],
  ["UTF-16 without a mark", "Die Scheune gehört uns. Das Tor ist kaputt.", "utf16le"],
] as const)("a text in %s is read as it was written", async (_, text, encoding) => {
  const { ask } = await sessionWith(Buffer.from(text, encoding));
  expect((await ask("Wem gehört die Scheune?")).output).toBe("Die Scheune gehört uns. [document]");
});
