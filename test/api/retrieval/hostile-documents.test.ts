import { constants, deflateRawSync, deflateSync } from "node:zlib";
import type { GraphQLAnswer } from "../../support/client";
import { readDocument } from "../../support/documents";
import { docx, xlsx, zip } from "../../support/office";
import { pdfWithStream } from "../../support/pdf";
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

/** A deflated stream of one repeated letter. */
function bomb(megabytes: number, letter = "x"): Buffer {
  const block = deflateRawSync(Buffer.alloc(1_000_000, letter), { level: 9, finishFlush: constants.Z_FULL_FLUSH });
  return Buffer.concat([...Array.from({ length: megabytes }, () => block), deflateRawSync(Buffer.alloc(0))]);
}

interface RawEntry {
  readonly name: string;
  readonly data: Buffer;
  /** The declared size when unpacked, which may be wrong. */
  readonly declaredSize: number;
}

/** A hand-written archive, whose entries may have wrong sizes, share their data and repeat. */
function rawZip(entries: readonly RawEntry[], repeated = 1): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, data, declaredSize } of entries) {
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(8, 8);
    local.writeUInt32LE(data.length, 18);
    local.writeUInt32LE(declaredSize, 22);
    local.writeUInt16LE(name.length, 26);
    parts.push(local, Buffer.from(name), data);
    for (let i = 0; i < repeated; i++) {
      const central = Buffer.alloc(46);
      const own = i === 0 ? name : name.replace("1", String(i + 1));
      central.writeUInt32LE(0x02014b50, 0);
      central.writeUInt16LE(8, 10);
      central.writeUInt32LE(data.length, 20);
      central.writeUInt32LE(declaredSize, 24);
      central.writeUInt16LE(own.length, 28);
      central.writeUInt32LE(offset, 42);
      directory.push(central, Buffer.from(own));
    }
    offset += 30 + name.length + data.length;
  }
  const index = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Math.min(entries.length * repeated, 0xffff), 8);
  end.writeUInt16LE(Math.min(entries.length * repeated, 0xffff), 10);
  end.writeUInt32LE(index.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, index, end]);
}

const types = Buffer.from(
  `<Types><Override ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`,
);
const typesEntry = { name: "[Content_Types].xml", data: deflateRawSync(types), declaredSize: types.length };

test.each([
  [
    "an archive with a gigabyte in one part",
    true,
    () => rawZip([typesEntry, { name: "word/document.xml", data: bomb(1_000), declaredSize: 1e9 }]),
  ],
  [
    "an archive with a gigabyte in one part that declares a small size",
    true,
    () => rawZip([typesEntry, { name: "word/document.xml", data: bomb(1_000), declaredSize: 10 }]),
  ],
  [
    "an archive with a gigabyte in parts that share their data",
    true,
    () => rawZip([typesEntry, { name: "word/part1.xml", data: bomb(10), declaredSize: 1e7 }], 100),
  ],
  [
    "an archive with a gigabyte in the part that its type is detected from",
    false,
    () => rawZip([{ ...typesEntry, data: bomb(1_000) }]),
  ],
])("%s stops at the limit of unpacked bytes", async (_, isDetected, content) => {
  expect(await upload(content(), withLongTimeout.current)).toMatchObject(
    isDetected
      ? { document: { status: "FAILED", error: "It unpacks to more than 200 MB." } }
      : { code: "UNSUPPORTED_MEDIA_TYPE" },
  );
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
  ["a PDF that unpacks to gigabytes", () => pdfWithStream(deflated(4_000), "/Filter /FlateDecode")],
  ["a workbook whose cells share one long text", () => sharedStrings()],
])("%s ends its worker, and affects neither the server nor the next document", async (_, content) => {
  const { document } = await upload(content());
  expect(document?.status).toBe("FAILED");
  expect(["Reading it takes too much memory.", `Reading it takes more than ${seconds} s.`]).toContain(document?.error);

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

/** In the zlib format that PDF uses. */
function deflated(megabytes: number): Buffer {
  const block = deflateSync(Buffer.alloc(1_000_000, "0 0 m\n"), { level: 9, finishFlush: constants.Z_FULL_FLUSH });
  return Buffer.concat([block, ...Array.from({ length: megabytes - 1 }, () => block.subarray(2))]);
}

function sharedStrings(): Buffer {
  const rows = Array.from({ length: 12_000 }, () => ["x"]);
  const long = "The barn is red. ".repeat(60_000);
  return xlsx({ A: rows }, `<si><t>${long}</t></si>`);
}
