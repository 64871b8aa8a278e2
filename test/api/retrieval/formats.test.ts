import { randomBytes } from "node:crypto";
import { readDocument } from "../../support/documents";
import { docx, odt, pptx, xlsx, zip } from "../../support/office";
import { farmPdf, pdfWithStream, rawPdf } from "../../support/pdf";
import { useServer } from "../../support/server";

const server = useServer();
const execute = `mutation ($input: ExecuteAgentInput!) {
  executeAgent(input: $input) { run { status output citations { quote page document { id } } } }
}`;
const office = "application/vnd.openxmlformats-officedocument";

async function newSession() {
  const app = await server.current.newApp();
  const sessionId = await app.session();
  return {
    app,
    sessionId,
    upload: (content: Buffer | string) => server.current.admin.upload(sessionId, content, "a.txt"),
  };
}

const word = docx(["# Farm", "The barn is red & old. It stands on a hill.", "| Room | Price", "| Blue | 50"]);
const workbook = xlsx({
  Staff: [
    ["name", "phone", "since"],
    ["Ada", 123, new Date("2020-02-03")],
    ["Bob", 456.5, new Date("2021-12-31")],
  ],
  Rules: [["Close the gate at night."]],
});
const presentation = pptx([
  { title: "Farm", paragraphs: ["The barn is red."], notes: "Mention the horses here." },
  {
    title: "Prices",
    table: [
      ["Room", "Price"],
      ["Blue", "50"],
    ],
  },
  { title: "Thank you all" },
]);
const openDocument = odt(`<text:h text:outline-level="1">Farm</text:h>
  <text:p>The barn<text:s/>is <text:span>red</text:span>.<text:note><text:note-body><text:p>Painted by Ada.</text:p></text:note-body></text:note></text:p>
  <text:tracked-changes><text:p>The barn is green.</text:p></text:tracked-changes>
  <table:table><table:table-row><table:table-cell><text:p>Blue</text:p></table:table-cell>
  <table:table-cell><text:p>50</text:p></table:table-cell></table:table-row></table:table>`);
const pdf = farmPdf();

test.each([
  [`${office}.wordprocessingml.document`, word, "What colour is the barn?", "The barn is red & old.", null],
  [`${office}.wordprocessingml.document`, word, "How much is blue?", "Blue 50", null],
  [`${office}.spreadsheetml.sheet`, workbook, "Since when is Bob here?", "Bob\t456.5\t2021-12-31", null],
  [`${office}.spreadsheetml.sheet`, workbook, "When do we close the gate?", "Close the gate at night.", null],
  [`${office}.presentationml.presentation`, presentation, "What colour is the barn?", "The barn is red.", 1],
  [`${office}.presentationml.presentation`, presentation, "Where are the horses?", "Mention the horses here.", 1],
  [`${office}.presentationml.presentation`, presentation, "How much is blue?", "Blue 50", 2],
  [`${office}.presentationml.presentation`, presentation, "Whom do you thank?", "Thank you all", 3],
  ["application/vnd.oasis.opendocument.text", openDocument, "What colour is the barn?", "The barn is red.", null],
  ["application/vnd.oasis.opendocument.text", openDocument, "Who has painted it?", "Painted by Ada.", null],
  ["application/vnd.oasis.opendocument.text", openDocument, "How much is blue?", "Blue 50", null],
  ["application/pdf", pdf, "Where does the barn stand?", "The barn is red and it\nstands on a hill.", 1],
  ["application/pdf", pdf, "Does the roof leak?", "Its roof leaks.", 2],
  ["application/pdf", pdf, "Who lives in the mill?", "Nobody lives in the mill.", 3],
])(
  "%s is indexed, and cited with its page if the format has pages: %#",
  async (mimeType, content, text, quote, page) => {
    const { app, sessionId, upload } = await newSession();
    await upload(content);
    const document = await readDocument(server.current.admin, sessionId);
    expect(document).toMatchObject({ mimeType, status: "READY", error: null });

    const { executeAgent } = await server.current.admin.data(execute, {
      input: { agentId: await app.agent(), text, session: { id: sessionId } },
    });
    expect(executeAgent.run.citations[0]).toEqual({ quote, page, document: { id: document.id } });
  },
);

test.each([
  ["納屋は赤いです。丘の上にあります。", "納屋は何色ですか", "納屋は赤いです。"],
  ["Сарай красный. Ключи лежат под ковриком.", "Где лежит ключ?", "Ключи лежат под ковриком."],
  ["הרפת אדומה. הבית לבן.", "איפה הבית", "הבית לבן."],
])("office documents are indexed in any language: %s", async (paragraph, text, quote) => {
  for (const content of [
    docx([paragraph]),
    pptx([{ paragraphs: [paragraph] }]),
    odt(`<text:p>${paragraph}</text:p>`),
  ]) {
    const { app, sessionId, upload } = await newSession();
    await upload(content);
    expect((await readDocument(server.current.admin, sessionId)).status).toBe("READY");
    const { executeAgent } = await server.current.admin.data(execute, {
      input: { agentId: await app.agent(), text, session: { id: sessionId } },
    });
    expect(executeAgent.run.citations[0]?.quote).toBe(quote);
  }
});

test.each([
  ["a plain archive", zip({ "barn.txt": "The barn is red." })],
  ["an archive with the part names of a Word document", zip({ "word/document.xml": "<w/>", "_rels/.rels": "<r/>" })],
  ["an EPUB", zip({ mimetype: "application/epub+zip", "content.xml": "<x/>" })],
  ["an old Word document", Buffer.concat([Buffer.from("d0cf11e0a1b11ae1", "hex"), Buffer.alloc(1_000)])],
  ["one byte", Buffer.from([0xff])],
  ["random bytes with the signature of an archive", Buffer.concat([Buffer.from("PK\u0003\u0004"), randomBytes(500)])],
])("%s is rejected as an unsupported type", async (_, content) => {
  const { upload } = await newSession();
  expect((await upload(content)).body.errors[0].extensions.code).toBe("UNSUPPORTED_MEDIA_TYPE");
});

const encryption = `/ID [<00> <00>] /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <${"41".repeat(32)}> /U <${"42".repeat(32)}> >>`;

test.each([
  ["an encrypted PDF", pdfWithStream(Buffer.from("BT ET"), "", encryption), "encrypted"],
  ["a PDF without text", pdfWithStream(Buffer.from("0 0 m 10 10 l S")), "scans"],
  ["a PDF without pages", Buffer.from("%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\n"), "damaged"],
  [
    "a PDF whose page tree contains itself",
    rawPdf(["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 1000000 >>"]),
    "damaged",
  ],
  ["a Word document that is not XML", docx([], { "word/document.xml": "The barn is red." }), "damaged"],
  ["a Word document that was cut off", word.subarray(0, word.length - 100), "damaged"],
  ["an OpenDocument text whose content was cut off", odt("<text:p>The barn is red."), "damaged"],
  [
    "a deeply nested Word document",
    docx([], {
      "word/document.xml": `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">${"<w:p>".repeat(1e5)}${"</w:p>".repeat(1e5)}</w:document>`,
    }),
    "nested too deeply",
  ],
])("%s is FAILED and has an error", async (_, content, reason) => {
  const { sessionId, upload } = await newSession();
  await upload(content);
  expect(await readDocument(server.current.admin, sessionId)).toMatchObject({
    status: "FAILED",
    error: expect.stringContaining(reason),
  });
});
