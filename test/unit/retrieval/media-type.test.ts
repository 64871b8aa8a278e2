import fc from "fast-check";
import { textTypeOf } from "../../../src/retrieval/extraction/media-type";

const seed = Number(process.env["TEST_SEED"] ?? Date.now() % 2 ** 31);
beforeAll(() => console.info(`TEST_SEED=${seed}`));

const container = fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()));

test("every beginning of a JSON text is JSON if the text goes on", async () => {
  const property = fc.asyncProperty(container, fc.nat(), fc.boolean(), async (value, at, isIndented) => {
    const text = JSON.stringify(value, null, isIndented ? 2 : 0);
    expect(await textTypeOf(text.slice(0, 1 + (at % text.length)), false)).toBe("application/json");
  });
  await fc.assert(property, { seed, numRuns: 500 });
});

test.each([
  ["lines of JSON", `{"a":1}\n{"a":2}\n{"a":`],
  ["text in brackets", "[note] The barn is red."],
  ["text after a list", "[1, 2] and more"],
])("%s are plain text, if the text goes on", async (_, text) => {
  expect(await textTypeOf(text, false)).toBe("text/plain");
});

test.each([
  ["within a record", "a,b\n1,2\n3"],
  ["within a quotation of several lines", 'a,b\n1,2\n3,"The barn\nis'],
])("a table that is cut off %s is a table, whether the text goes on or not", async (_, text) => {
  expect(await textTypeOf(text, false)).toBe("text/csv");
  expect(await textTypeOf(text, true)).toBe("text/csv");
});

test.each([
  ["rows that are longer or shorter", "Name,Region,Units\nWidget,Europe,12,\nGadget,Asia,34\nGizmo,Africa,56,,\n"],
  ["one damaged row", 'Name,Units\nWidget,12\n"Gad"get,"34\nGizmo,56\nGear,78\n'],
  ["a line that names the delimiter", "sep=|\nName|Units\nWidget|12\n"],
  ["spaces after the commas", "Name, Region, Units\nWidget, Europe, 12\nGadget, Asia, 34\n"],
  ["sentences in quotation marks", 'Question,Answer\nWhere?,"In Oslo, at the harbour."\nWhen?,"On Monday, at nine."\n'],
])("a table with %s is a table", async (_, text) => {
  expect(await textTypeOf(text, true)).toBe("text/csv");
});

test.each([
  ["a text with commas", "The barn, which is red,\nstands on a hill, and is old,\nas they say, in the town.\n"],
  ["a letter", "Dear Ada,\nthank you, Bob, and see you.\nBest,\nAnn\n"],
  [
    "a log whose seconds have a comma",
    "2026-11-28 10:00:00,123 INFO a\n2026-11-28 10:00:01,124 INFO b\n2026-11-28 10:00:02,9 WARN c\n",
  ],
  ["code", "const a = 1;\nconst b = 2;\nlet c = [1, 2];\n"],
  ["a list", "Wood, stone and iron\nBread, milk and eggs\n"],
])("%s is plain text", async (_, text) => {
  expect(await textTypeOf(text, true)).toBe("text/plain");
});

test.each([
  "<h2>Barn</h2>",
  '<meta charset="utf-8"><title>Barn</title>',
  "<ul><li>Barn</li></ul>",
  "<article>Barn",
  "<section\nclass=a>Barn",
  "<br/>Barn",
  "<my-barn>Barn</my-barn>",
  "<!-- a --> <dl><dt>Barn",
])("%s is HTML", async (text) => {
  expect(await textTypeOf(text, true)).toBe("text/html");
});

test.each(["<note>Barn</note>", "<ada@example.org> wrote:", "<3 barns"])("%s is not HTML", async (text) => {
  expect(await textTypeOf(text, true)).toBe("text/plain");
});

test.each([
  ["fields and a text", "From: Ada <a@example.org>\nTo: b@example.org\nSubject: Barn\n\nIt is red.\n"],
  [
    "a field in two lines",
    "Received: from a\n\tby b; Mon\nFrom: a@example.org\nDate: Mon, 2 Mar 2026 09:30:00 +0000\nSubject: x\n\nRed.",
  ],
  [
    "the line of a mailbox",
    "From a@example.org Mon Mar  2 09:30:00 2026\nFrom: a@example.org\nTo: b@c\nSubject: x\n\nRed.",
  ],
])("a text with %s is mail", async (_, text) => {
  expect(await textTypeOf(text, true)).toBe("message/rfc822");
});

test.each([
  ["settings", "Name: Barn\nColour: red\nDate: today\n"],
  ["a note", "From: the barn\nTo the mill it is far.\n"],
])("%s are no mail", async (_, text) => {
  expect(await textTypeOf(text, true)).toBe("text/plain");
});
