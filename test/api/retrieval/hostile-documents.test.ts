import { bomb, headerEntries, rawZip, typesEntry, xmlBomb } from "../../support/bombs";
import type { GraphQLAnswer } from "../../support/client";
import { readDocument } from "../../support/documents";
import { docx, xlsx, zip } from "../../support/office";
import { useServer } from "../../support/server";

const seconds = 5;
const server = useServer({ MAX_READ_SECONDS: String(seconds), MAX_READ_MEGABYTES: "128" });

/** With more memory and a shorter timeout. */
const withShortTimeout = useServer({ MAX_READ_SECONDS: "3" });

/** With a timeout that no test reaches, even on a slow machine. */
const withLongTimeout = useServer({ MAX_READ_SECONDS: "25", MAX_READ_MEGABYTES: "128" });

/** Uploads a document and waits until it has been processed. */
async function upload(content: Buffer | string, to = server.current) {
  const app = await to.newApp();
  const sessionId = await app.session();
  const { body } = await to.admin.upload(sessionId, content);
  const { errors } = body as GraphQLAnswer;
  return errors ? { code: errors[0]?.extensions.code } : { document: await readDocument(to.admin, sessionId) };
}

const archiveTooLarge = "It unpacks to more than 200 MB.";
const tooMuchMemory = "Reading it takes too much memory.";

test.each([
  [
    "one part",
    () => rawZip([typesEntry, { name: "word/document.xml", data: xmlBomb(1_000), declaredSize: 1e9 }]),
    [archiveTooLarge, tooMuchMemory],
  ],
  [
    "parts that share their data",
    () => rawZip([...headerEntries(100), { name: "word/header1.xml", data: xmlBomb(10), declaredSize: 1e7 }], 100),
    [archiveTooLarge],
  ],
])("an archive with a gigabyte in %s stops at the limit of what it may unpack to", async (_, content, errors) => {
  const { document } = await upload(content(), withLongTimeout.current);
  expect(document?.status).toBe("FAILED");
  expect(errors).toContain(document?.error);
});

test("an archive with a gigabyte in the part that its type is detected from is rejected", async () => {
  const { code } = await upload(rawZip([{ ...typesEntry, data: bomb(1_000) }]), withLongTimeout.current);
  expect(code).toBe("UNSUPPORTED_MEDIA_TYPE");
});

test("an archive with a hundred thousand entries is rejected as an unsupported type", async () => {
  const { code } = await upload(
    rawZip([typesEntry, { name: "word/part1.xml", data: bomb(1), declaredSize: 1 }], 50_000),
  );
  expect(code).toBe("UNSUPPORTED_MEDIA_TYPE");
});

test("an archive in an archive is not unpacked", async () => {
  const { code } = await upload(zip({ "a.docx": docx(["The barn is red."]) }));
  expect(code).toBe("UNSUPPORTED_MEDIA_TYPE");
});

test.each([
  ["a text of millions of values", () => `[${"1,".repeat(5_000_000)}1]`],
  ["a table of millions of rows", () => `a,b\n${"1,2\n".repeat(4_000_000)}`],
  ["a page of millions of tags", () => `<html>${"<p>a".repeat(3_000_000)}`],
  ["a workbook whose cells share one long text", () => sharedStrings()],
])("%s ends its worker, and affects neither the server nor the next document", async (_, content) => {
  const { document } = await upload(content());
  expect(document?.status).toBe("FAILED");
  expect([
    tooMuchMemory,
    `Reading it takes more than ${seconds} s.`,
    "Its cells have more than 200 MB of text.",
  ]).toContain(document?.error);

  expect((await upload("The barn is red.")).document?.status).toBe("READY");
});

test("a document that takes too long to index is FAILED after the timeout", async () => {
  const { document } = await upload("# a\n".repeat(5_000_000), withShortTimeout.current);
  expect(document).toMatchObject({
    mimeType: "text/markdown",
    status: "FAILED",
    error: "Reading it takes more than 3 s.",
  });
});

test.each(["text", "value"])("declared entities are not expanded in %s", async (place) => {
  const entities = ["a", "b", "c", "d", "e", "f", "g", "h", "i"].map((name, i, all) => {
    const last = all[i - 1];
    return `<!ENTITY ${name} "${last === undefined ? "lol" : `&${last};`.repeat(10)}">`;
  });
  const paragraph = place === "text" ? "<w:p><w:r><w:t>&i;</w:t></w:r></w:p>" : `<w:p w:rsidR="&i;"/>`;
  const { document } = await upload(
    docx([], {
      "word/document.xml": `<!DOCTYPE lol [${entities.join("")}]>
        <w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${paragraph}</w:body></w:document>`,
    }),
  );
  expect([document?.status, document?.error]).toEqual(["FAILED", "It is damaged; its text cannot be extracted."]);
});

function sharedStrings(): Buffer {
  const rows = Array.from({ length: 12_000 }, () => ["x"]);
  const long = "The barn is red. ".repeat(60_000);
  return xlsx({ A: rows }, `<si><t>${long}</t></si>`);
}
