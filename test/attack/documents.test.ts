import { maxHoldMs, useAttackedServer } from "../support/attack";
import { bomb, deflated, rawZip, typesEntry, xmlBomb } from "../support/bombs";
import type { GraphQLAnswer } from "../support/client";
import { documentsOf, readDocument } from "../support/documents";
import { docx, odt, type Parts, pptx, xlsx, zip } from "../support/office";
import { pdfWithStream, rawPdf } from "../support/pdf";

const seconds = 20;
const server = useAttackedServer({ MAX_READ_SECONDS: String(seconds), MAX_READ_MEGABYTES: "128" });

/** The server may keep this much after it has received and passed on a document of a few megabytes. */
const maxKeptBytes = 30_000_000;

async function upload(content: Buffer | string) {
  const app = await server.current.newApp();
  const sessionId = await app.session();
  const { body } = await server.current.admin.upload(sessionId, content);
  const { errors } = body as GraphQLAnswer;
  if (errors) return errors[0]?.extensions.code;
  const { status, mimeType, error } = await readDocument(server.current.admin, sessionId);
  return status === "READY" ? `READY ${mimeType}` : error;
}

const sheet = (cells: string, more = "") =>
  `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">${more}<sheetData>${cells}</sheetData></worksheet>`;

/** A workbook with a hand-written sheet. */
const workbook = (content: string, more: Parts = {}) =>
  xlsx({ A: [["x"]] }, undefined, { "xl/worksheets/sheet1.xml": content, ...more });

const manySheets = (count: number) => xlsx(Object.fromEntries(Array.from({ length: count }, (_, i) => [`S${i}`, []])));

const wide = (columns: number) => Array.from({ length: columns }, (_, i) => `c${i}`).join(",");

const entities = ["a", "b", "c", "d", "e", "f", "g", "h", "i"].map((name, i, all) => {
  const last = all[i - 1];
  return `<!ENTITY ${name} "${last === undefined ? "lol" : `&${last};`.repeat(10)}">`;
});

const nested = (element: string, depth: number, text: string) =>
  `<${element}>`.repeat(depth) + text + `</${element}>`.repeat(depth);

const tooManyCells = "Its sheets span more than 10 million cells. Delete the rows and columns that are not used.";
const outOfRange = "It is damaged: a cell is outside of its sheet.";
const damaged = "It is damaged; its text cannot be extracted.";
const spent = /^Reading it takes (?:too much memory|more than 20 s)\.$/;

test.each<[name: string, content: () => Buffer | string, answer: string | RegExp]>([
  [
    "a DOCX of a megabyte that unpacks to a gigabyte",
    () => rawZip([typesEntry, { name: "word/document.xml", data: xmlBomb(1_000), declaredSize: 10 }]),
    /^It unpacks to more than 200 MB\.$|memory/,
  ],
  [
    "an archive with more entries than any document has",
    () => rawZip([typesEntry, { name: "word/part1.xml", data: bomb(1), declaredSize: 1 }], 10_001),
    "UNSUPPORTED_MEDIA_TYPE",
  ],
  ["an archive in an archive", () => zip({ "a.docx": docx(["The barn is red."]) }), "UNSUPPORTED_MEDIA_TYPE"],
  [
    "a sheet with one cell in its last row and column",
    () => workbook(sheet(`<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>`)),
    "READY application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  ],
  [
    "a sheet with a cell in the last column of a thousand rows",
    () =>
      workbook(sheet(Array.from({ length: 1_000 }, (_, i) => `<row><c r="XFD${i + 1}"><v>1</v></c></row>`).join(""))),
    tooManyCells,
  ],
  ["a sheet with a row beyond the last one", () => workbook(sheet(`<row r="1e9"><c r="A1e9"/></row>`)), outOfRange],
  [
    "a sheet with a cell beyond the last column",
    () => workbook(sheet(`<row r="1"><c r="ZZZZ1"><v>1</v></c></row>`)),
    outOfRange,
  ],
  ["a workbook with a thousand and one sheets", () => manySheets(1_001), "It has more than 1000 sheets."],
  [
    "a sheet that declares billions of cells and merges them",
    () =>
      workbook(
        sheet(
          `<row r="1"><c r="A1"><v>1</v></c></row></sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells><sheetData>`,
          `<dimension ref="A1:XFD1048576"/>`,
        ),
      ),
    "READY application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  ],
  [
    "an ODT whose table repeats a row and a column a billion times",
    () =>
      odt(`<table:table><table:table-row table:number-rows-repeated="1000000000">
        <table:table-cell table:number-columns-repeated="1000000000"><text:p>The barn</text:p></table:table-cell>
        </table:table-row></table:table><text:p>a<text:s text:c="1000000000"/>b</text:p>`),
    "READY application/vnd.oasis.opendocument.text",
  ],
  [
    "an ODT whose declared entities expand to gigabytes",
    () =>
      zip({
        mimetype: "application/vnd.oasis.opendocument.text",
        "content.xml": `<!DOCTYPE a [${entities.join("")}]><a>&i;</a>`,
      }),
    damaged,
  ],
  [
    "a DOCX that is nested too deeply",
    () => docx([], { "word/document.xml": nested("w:p", 50_000, "") }),
    "It is nested too deeply to be read.",
  ],
  [
    "a presentation that names its slide a hundred thousand times",
    () => pptx([{ paragraphs: ["The barn is red."] }], 100_000),
    "READY application/vnd.openxmlformats-officedocument.presentationml.presentation",
  ],
  ["a heading with a million spaces", () => `# a\n\n# ${" ".repeat(1_000_000)}x #\n\nThe barn.`, "READY text/markdown"],
  ["a million brackets that could begin links", () => `# a\n${"[".repeat(1_000_000)}`, "READY text/markdown"],
  ["a million brackets that could be JSON", () => "[".repeat(1_000_000), "It is nested too deeply to be read."],
  ["a megabyte of white space before a tag", () => `${" \n".repeat(500_000)}<!-- `, "It has no text."],
  ["a page of comments that do not end", () => `<html>${"<!--".repeat(100_000)}`, /^It has no text\.$|^Reading/],
  [
    "a long heading above three thousand sentences",
    () => `# ${"x".repeat(1_000_000)}\n\n${"The barn is red. ".repeat(3_000)}`,
    "READY text/markdown",
  ],
  [
    "a long property name above twenty thousand values",
    () => `{"${"x".repeat(1_000_000)}":[${"1,".repeat(20_000)}1]}`,
    "READY application/json",
  ],
  ["a table of twenty thousand columns", () => `${wide(20_000)}\n${wide(20_000)}\n`, "READY text/plain"],
  [
    "a text that goes on as bytes",
    () => Buffer.concat([Buffer.alloc(100_000, "The barn. "), Buffer.from([0, 1, 2, 3, 4, 5, 6, 7, 8])]),
    "It begins as text, but goes on with bytes that are no text in a known encoding.",
  ],
  [
    "a PDF whose page tree contains itself",
    () => rawPdf(["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [2 0 R] /Count 1 >>"]),
    damaged,
  ],
  ["a PDF whose page unpacks to a gigabyte", () => pdfWithStream(deflated(1_000), "/Filter /FlateDecode"), spent],
])("%s has a definite answer, and neither holds the server nor fills its memory", async (_, content, answer) => {
  const bytes = content();
  const { result, longestHoldMs, keptBytes } = await server.current.observe(() => upload(bytes));
  expect(result).toEqual(typeof answer === "string" ? answer : expect.stringMatching(answer));
  expect(longestHoldMs).toBeLessThan(maxHoldMs);
  expect(keptBytes).toBeLessThan(maxKeptBytes);
});

test("documents of one app that take all the time they may do not delay the document of another app", async () => {
  const { admin } = server.current;
  const odd = await server.current.newApp();
  const oddSession = await odd.session();
  const uploads = [1, 2, 3].map(() => odd.document(oddSession, "# a\n".repeat(2_000_000)));
  await Promise.all(uploads);

  const app = await server.current.newApp();
  const sessionId = await app.session();
  await app.document(sessionId);
  expect(await readDocument(admin, sessionId)).toMatchObject({ status: "READY" });
  const states = (await documentsOf(admin, oddSession)).map(({ status }) => status);
  expect(states).toContain("PROCESSING");
  await admin.data(`mutation ($id: ID!) { terminateSession(input: { id: $id }) { session { id } } }`, {
    id: oddSession,
  });
});
