import { handbook } from "../../../src/cli/demo/handbook";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import type { TestApp } from "../../support/test-app";
import { useServer } from "../../support/server";

const server = useServer();
const execute = `mutation ($input: ExecuteAgentInput!) {
  executeAgent(input: $input) { run { id status output citations { quote page document { id filename } } error { code } } }
}`;

interface Answer {
  id: string;
  status: string;
  output: string;
  citations: { quote: string; page: number | null; document: { id: string; filename: string } }[];
}

/** Creates a session with documents, and an agent to ask. */
async function sessionWith(documents: Readonly<Record<string, string>>) {
  const app: TestApp = await server.current.newApp();
  const [agentId, sessionId] = [await app.agent(), await app.session()];
  for (const [filename, content] of Object.entries(documents)) await app.document(sessionId, content, filename);
  return {
    app,
    sessionId,
    async ask(text: string): Promise<Answer> {
      const { executeAgent } = await server.current.admin.data(execute, {
        input: { agentId, text, session: { id: sessionId } },
      });
      expect(executeAgent.run).toMatchObject({ status: "SUCCEEDED", error: null });
      return executeAgent.run as Answer;
    },
  };
}

const barn = "The barn is red. It stands on a hill.\n\nNobody goes there in winter, since the path is steep.\n";

test("the best passage comes first, and each passage is cited verbatim from its document", async () => {
  const documents = {
    "barn.txt": barn,
    "house.md": "# House\n\nThe house is white.\n\nIts roof was painted red by\nthe owner of the barn.\n",
  };
  const { ask } = await sessionWith(documents);
  const { output, citations } = await ask("What colour is the red barn?");

  expect(citations[0]).toMatchObject({ quote: "The barn is red.", page: null, document: { filename: "barn.txt" } });
  expect(output.startsWith("The barn is red. [barn.txt]")).toBe(true);
  expect(citations.length).toBeGreaterThan(1);
  expect(citations.length).toBeLessThanOrEqual(3);
  for (const { quote, document } of citations) {
    expect(documents[document.filename as keyof typeof documents]).toContain(quote);
  }
});

test("a CSV row is output with its header, and a JSON value with its path", async () => {
  const { ask } = await sessionWith({
    "staff.csv": "name,phone\nAda,123\nBob,456\n",
    "rooms.json": '{"rooms": [{"name": "Blue", "price": 50}, {"name": "Green", "price": 60}]}',
  });
  const row = await ask("Which phone has Bob?");
  expect(row.output).toContain("name: Bob, phone: 456 [staff.csv]");
  expect(row.citations[0]).toMatchObject({ quote: "Bob,456", document: { filename: "staff.csv" } });
  const leaf = await ask("What is the price of Green?");
  expect(leaf.citations[0]).toMatchObject({ quote: '"price": 60', document: { filename: "rooms.json" } });
  expect(leaf.output).toContain("rooms.1.price: 60 [rooms.json]");
});

test.each([
  ["納屋は赤いです。丘の上にあります。値段は五千ユーロです。", "納屋は何色ですか", "納屋は赤いです。"],
  ["谷仓是红色的。它在山上。价格是五千欧元。", "价格是多少？", "价格是五千欧元。"],
  [
    "Die Scheune ist rot. Die Schlüssel liegen unter der Matte.",
    "Wo liegt der Schlüssel?",
    "Die Schlüssel liegen unter der Matte.",
  ],
  ["La grange est rouge. L'étable est derrière la maison.", "Où est l’étable ?", "L'étable est derrière la maison."],
  ["ยุ้งข้าวมีสีแดง\n\nบ้านมีสีขาว", "บ้านสีอะไร", "บ้านมีสีขาว"],
  ["Сарай красный. Ключи лежат под ковриком.", "Где лежит ключ?", "Ключи лежат под ковриком."],
])("a question is answered from a document in the same language: %s", async (document, question, quote) => {
  const { ask } = await sessionWith({ "a.txt": document });
  expect((await ask(question)).citations[0]?.quote).toBe(quote);
});

test("previous questions are searched too if the text alone finds nothing, and only then", async () => {
  const { ask } = await sessionWith({ "barn.txt": barn, "house.txt": "The house is white." });
  expect((await ask("And?")).citations).toEqual([]);
  expect((await ask("Tell me of the house.")).citations[0]?.quote).toBe("The house is white.");
  expect((await ask("And so?")).citations[0]?.quote).toBe("The house is white.");
  expect((await ask("What about the barn?")).citations.map(({ quote }) => quote)).toEqual(["The barn is red."]);
});

test("the answer says so if there are no documents, or none matches", async () => {
  const none = await sessionWith({});
  expect(await none.ask("What colour is the barn?")).toMatchObject({
    output: "This session has no documents, so there is nothing to answer from. Upload one, and ask again.",
    citations: [],
  });
  const some = await sessionWith({ "barn.txt": barn, "mill.txt": "The mill is white." });
  expect(await some.ask("Do elephants fly?")).toMatchObject({
    output: "Nothing in the documents of this session matches that. They are: barn.txt, mill.txt.",
    citations: [],
  });
});

test("a passage that two documents share is output once", async () => {
  const { ask } = await sessionWith({ "a.txt": barn, "b.txt": barn });
  const { citations } = await ask("What colour is the barn?");
  expect(citations.map(({ quote }) => quote)).toEqual(["The barn is red."]);
});

test("the same question about the same documents has the same answer each time", async () => {
  const question = "Who may open the vault, and which key does it take?";
  const answers = [];
  for (let i = 0; i < 3; i++) {
    const { ask } = await sessionWith({ "handbook.md": handbook });
    const { output, citations } = await ask(question);
    answers.push([output, citations.map(({ quote }) => quote)]);
  }
  expect(answers[0]?.[0]).toContain("vault");
  expect(answers).toEqual([answers[0], answers[0], answers[0]]);
});

test("a citation keeps its document's id and filename after the document is deleted", async () => {
  const { ask, sessionId } = await sessionWith({ "barn.txt": barn });
  const { id, citations } = await ask("What colour is the barn?");
  const { admin } = server.current;
  await admin.data(`mutation ($id: ID!) { terminateSession(input: { id: $id }) { session { id } } }`, {
    id: sessionId,
  });
  const query = `query ($id: ID!) { run(id: $id) { citations { quote page document { id filename } } } }`;
  expect((await admin.data(query, { id })).run.citations).toEqual(citations);
});

test("an answer is streamed in several chunks, whose concatenation is the output", async () => {
  const { ask } = await sessionWith({ "barn.txt": `${barn}\n${"The barn is very, very long. ".repeat(20)}` });
  const { id, output } = await ask("What colour is the barn?");
  const [name, value] = server.current.admin.credential ?? ["", ""];
  const query = `subscription ($id: ID!) { runEvents(runId: $id) { __typename index ... on RunOutput { text } } }`;
  const response = await fetch(`${server.current.url}/stream`, {
    method: "POST",
    headers: { accept: "text/event-stream", "content-type": "application/json", [name]: value },
    body: JSON.stringify({ query, variables: { id } }),
  });
  const events = [];
  for await (const line of createInterface({ input: Readable.fromWeb(response.body as ReadableStream) })) {
    if (line.startsWith("data: {")) events.push(JSON.parse(line.slice(6)).data.runEvents);
  }
  const texts = events.filter(({ __typename }) => __typename === "RunOutput").map(({ text }) => text);
  expect(texts.length).toBeGreaterThanOrEqual(2);
  expect(texts.join("")).toBe(output);
  expect(events.map(({ index }) => index)).toEqual(events.map((_, i) => i));
});
