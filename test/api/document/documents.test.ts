import { createHash, randomBytes } from "node:crypto";
import { stat } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { safeFilename } from "../../../src/domain/document/filename";
import { supportedMediaTypes } from "../../../src/retrieval/extraction/media-type";
import { filesIn, warmReader } from "../../support/documents";
import { useServer } from "../../support/server";
import { isOnS3 } from "../../support/store";

const maxBytes = 100_000;
const maxDocuments = 3;
const server = useServer({ MAX_UPLOAD_BYTES: String(maxBytes), MAX_SESSION_DOCUMENTS: String(maxDocuments) });
beforeAll(() => warmReader(server.current));
const unknownId = "00000000-0000-7000-8000-000000000000";
const documentsOf = `query ($id: ID!) { session(id: $id) { documents { id filename mimeType size sha256 status error } } }`;
const remove = `mutation ($id: ID!) { deleteDocument(input: { id: $id }) { id } }`;

/** The ids of the documents that the storage has files of. */
const stored = async () => new Set((await server.current.store.names()).map((name) => name.slice(0, 36)));

async function newSession() {
  const app = await server.current.newApp();
  return { app, key: await app.key({ runtime: ["DOCUMENT_UPLOAD", "SESSION_VIEW"] }), sessionId: await app.session() };
}

/** Expects that a rejected upload leaves no file. @returns the error's code */
async function rejectedCode(upload: () => Promise<{ body: { errors?: { extensions: { code: string } }[] } }>) {
  const before = await stored();
  const { body } = await upload();
  expect(await stored()).toEqual(before);
  return body.errors?.[0]?.extensions.code;
}

test("a document is stored unchanged, under its id", async () => {
  const { key, sessionId } = await newSession();
  const content = "The barn is red.\r\n\tIt stands on a hill. 納屋\n";
  const { body } = await key.upload(sessionId, content, "barn.txt");

  const { document } = body.data.uploadDocument;
  expect(document).toEqual({
    id: expect.any(String),
    filename: "barn.txt",
    mimeType: "text/plain",
    size: Buffer.byteLength(content),
    sha256: createHash("sha256").update(content).digest("hex"),
    status: "READY",
    error: null,
    createdAt: expect.any(String),
  });
  expect((await server.current.store.contentOf(document.id as string)).toString()).toBe(content);
  const file = join(server.current.dataDir, "documents", document.id as string);
  if (!isOnS3()) expect((await stat(file)).mode & 0o777).toBe(0o600);
  const { session } = await key.data(documentsOf, { id: sessionId });
  expect(session.documents).toMatchObject([{ id: document.id, filename: "barn.txt" }]);
});

test.each([
  ["text/plain", "a.pdf", "The barn is red, they say.\nIt stands on a hill, alone.\n"],
  ["text/plain", "number.json", "42"],
  ["text/plain", "broken.json", '{"a": '],
  ["text/plain", "BMW.bmp", "BMW builds cars. PK is short for park."],
  ["text/plain", "log.txt", "\u001b[31mred\u001b[0m\n"],
  ["text/markdown", "a.csv", "# Barns\n\nThe barn is red.\n"],
  ["text/markdown", "a.txt", "See [the barn](https://example.org/barn).\n"],
  ["text/markdown", "a.txt", "| barn | colour |\n| --- | --- |\n| old | red |\n"],
  ["text/csv", "a.txt", "barn,colour\nold,red\nnew,blue\n"],
  ["text/csv", "a.txt", 'barn;colour\r\nold;"red; or blue"\r\n'],
  ["text/csv", "a.txt", "barn\tcolour\nold\tred\n"],
  ["application/json", "a.txt", ' [{"barn": "old"}]'],
  ["text/html", "a.txt", "<!-- made by hand -->\n<!DOCTYPE html><p>The barn is red.</p>"],
  ["text/html", "a.txt", "<p>The barn is red."],
  [
    "text/html",
    "a.xhtml",
    '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body>The barn</body></html>',
  ],
  ["text/html", "a.txt", "<h2>Barn</h2><p>It is red.</p>"],
  ["text/csv", "a.txt", "sep=|\nName|Units\nbarn|1\n"],
  ["message/rfc822", "a.txt", "From: a@example.org\nTo: b@example.org\nSubject: Barn\n\nIt is red.\n"],
])("%s is detected from the content of %s: %j", async (mimeType, filename, content) => {
  const { key, sessionId } = await newSession();
  const { body } = await key.upload(sessionId, content, filename);
  expect(body.data.uploadDocument.document).toMatchObject({ mimeType, status: "READY", filename });
});

test.each(["", " \n\n", "<p></p>", "***\n"])("a document without text is FAILED and says so: %j", async (content) => {
  const { key, sessionId } = await newSession();
  const { body } = await key.upload(sessionId, content);
  expect(body.data.uploadDocument.document).toMatchObject({ status: "FAILED", error: "It has no text." });
});

test("text with a byte order mark is indexed", async () => {
  const { key, sessionId } = await newSession();
  for (const content of [Buffer.from("\ufeffbarn,colour\nold,red", "utf16le"), Buffer.from("\ufeff# Barn\n")]) {
    const { body } = await key.upload(sessionId, content);
    expect(body.data.uploadDocument.document.status).toBe("READY");
  }
});

test.each([
  ["a picture", Buffer.from("89504e470d0a1a0a0000000d49484452", "hex")],
  ["an archive", Buffer.from("504b0304140000000000", "hex")],
  ["RTF", Buffer.from("{\\rtf1\\ansi The barn is red.}")],
  ["XML", Buffer.from('<?xml version="1.0"?><barn colour="red"/>')],
  ["a drawing", Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')],
  ["text with a null byte", Buffer.from("The barn\0 is red.")],
  ["random bytes", randomBytes(1_000)],
])("%s is rejected as an unsupported type, whatever its filename, and leaves no file", async (_, content) => {
  const { key, sessionId } = await newSession();
  const before = await stored();
  const { body } = await key.upload(sessionId, content, "barn.txt");

  expect(body.errors[0].extensions.code).toBe("UNSUPPORTED_MEDIA_TYPE");
  expect(body.errors[0].message).toContain(supportedMediaTypes.join(", "));
  expect(await stored()).toEqual(before);
});

test.each([
  ["../../../etc/passwd", "passwd"],
  ["C:\\Users\\Ada\\barn.txt", "barn.txt"],
  ["a\u0085b\u202ec\u200b.txt", "abc.txt"],
  ["..", "document"],
  [`${"x".repeat(300)}.txt`, "x".repeat(255)],
])("the filename %j is made safe", async (filename, safe) => {
  const { key, sessionId } = await newSession();
  const before = await stored();
  const { body } = await key.upload(sessionId, "The barn is red.", filename);
  const { document } = body.data.uploadDocument;
  expect(document.filename).toBe(safe);
  expect(await stored()).toEqual(new Set([...before, document.id]));
});

test.each([
  ["a\u0000\u0001\u001b[2Jb\r\n.txt", "a[2Jb.txt"],
  ["\u007f\u0085", "document"],
  ["barns/\u0001", "document"],
  ["\ud800.txt", "\ufffd.txt"],
  ["🐴".repeat(256), "🐴".repeat(255)],
])("the filename %j is stored as %j", (filename, safe) => {
  expect(safeFilename(filename)).toBe(safe);
});

test("a document that is detected but cannot be indexed is FAILED and has an error", async () => {
  const { app, key, sessionId } = await newSession();
  const { body } = await key.upload(sessionId, "[".repeat(40_000) + "]".repeat(40_000));
  const { document } = body.data.uploadDocument;
  expect(document).toMatchObject({ mimeType: "application/json", status: "FAILED", error: expect.any(String) });

  const { id } = await app.run({ agentId: await app.agent(), session: { id: sessionId } });
  const { run } = await server.current.admin.data(`query ($id: ID!) { run(id: $id) { status citations { quote } } }`, {
    id,
  });
  expect(run).toEqual({ status: "SUCCEEDED", citations: [] });
});

test("the upload limits of a session are the limits that are enforced", async () => {
  const { key, sessionId } = await newSession();
  const { session } = await key.data(
    `query ($id: ID!) { session(id: $id) { uploadLimits { maxDocuments maxBytes mimeTypes } } }`,
    { id: sessionId },
  );
  expect(session.uploadLimits).toEqual({
    maxDocuments,
    maxBytes,
    mimeTypes: [
      "text/plain",
      "text/markdown",
      "text/csv",
      "text/html",
      "application/json",
      "application/pdf",
      "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
      "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
      "application/vnd.openxmlformats-officedocument.presentationml.presentation",
      "application/vnd.oasis.opendocument.text",
      "application/vnd.oasis.opendocument.spreadsheet",
      "application/vnd.oasis.opendocument.presentation",
      "message/rfc822",
    ],
  });

  expect(await rejectedCode(() => key.upload(sessionId, "x".repeat(maxBytes + 1)))).toBe("PAYLOAD_TOO_LARGE");
  const { body } = await key.upload(sessionId, "x".repeat(maxBytes));
  expect(body.data.uploadDocument.document).toMatchObject({ size: maxBytes, status: "READY" });
});

test("a session accepts no more concurrent uploads than its limit", async () => {
  const { key, sessionId } = await newSession();
  const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => key.upload(sessionId, `Barn ${i} is red.`)));
  const codes = answers.map(({ body }) => body.errors?.[0].extensions.code);

  expect(codes.filter((code) => code === undefined)).toHaveLength(maxDocuments);
  expect(codes.filter((code) => code === "LIMIT_REACHED")).toHaveLength(8 - maxDocuments);
  const { session } = await key.data(documentsOf, { id: sessionId });
  const files = await stored();
  expect(session.documents).toHaveLength(maxDocuments);
  expect(session.documents.every(({ id }: { id: string }) => files.has(id))).toBe(true);

  await key.data(remove, { id: session.documents[0].id });
  expect((await key.upload(sessionId, "There is room again.")).body.errors).toBeUndefined();
});

test("a session that is unknown, another app's or terminated accepts no document, and no file is left", async () => {
  const { app, key, sessionId } = await newSession();
  const other = await newSession();
  expect(await rejectedCode(() => key.upload(unknownId, "x"))).toBe("NOT_FOUND");
  expect(await rejectedCode(() => key.upload(other.sessionId, "x"))).toBe("NOT_FOUND");
  await server.current.admin.data(`mutation ($id: ID!) { terminateSession(input: { id: $id }) { session { id } } }`, {
    id: sessionId,
  });
  expect(await rejectedCode(() => key.upload(sessionId, "x"))).toBe("SESSION_TERMINATED");
  const unprivileged = await app.key({ runtime: ["RUN"] });
  expect(await rejectedCode(() => unprivileged.upload(other.sessionId, "x"))).toBe("FORBIDDEN");
});

test("deleting a document, terminating its session and deleting its app delete the content", async () => {
  const { admin } = server.current;
  const { app, key, sessionId } = await newSession();
  const [first, second] = [await app.document(sessionId), await app.document(sessionId)];
  const other = await app.session();
  const third = await app.document(other);

  expect(await key.data(remove, { id: first })).toEqual({ deleteDocument: { id: first } });
  expect(await key.code(remove, { id: first })).toBe("NOT_FOUND");
  expect((await stored()).has(first)).toBe(false);
  await admin.data(`mutation ($id: ID!) { terminateSession(input: { id: $id }) { session { id } } }`, {
    id: sessionId,
  });
  expect((await stored()).has(second)).toBe(false);
  expect((await key.data(documentsOf, { id: sessionId })).session.documents).toEqual([]);
  await admin.data(`mutation ($id: ID!) { deleteApp(input: { id: $id }) { id } }`, { id: app.id });
  expect((await stored()).has(third)).toBe(false);
});

test("an upload that is aborted by its client leaves no file", async () => {
  const { key, sessionId } = await newSession();
  const files = async () => (await filesIn(server.current.dataDir)).filter((path) => !path.includes("sqlite"));
  const before = await files();
  const [name, value] = key.credential ?? ["", ""];
  const query = `mutation ($input: UploadDocumentInput!) { uploadDocument(input: $input) { document { id } } }`;
  const head = [
    ["operations", JSON.stringify({ query, variables: { input: { sessionId, file: null } } })],
    ["map", JSON.stringify({ file: ["variables.input.file"] })],
  ]
    .map(([field, json]) => `--b\r\ncontent-disposition: form-data; name="${field}"\r\n\r\n${json}\r\n`)
    .join("");
  const headers = {
    "content-type": "multipart/form-data; boundary=b",
    "apollo-require-preflight": "1",
    [name]: value,
  };
  const upload = request(server.current.url, { method: "POST", headers }).on("error", () => undefined);
  upload.write(
    `${head}--b\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\n${"x".repeat(50_000)}`,
  );
  while ((await files()).length === before.length) await delay(5);
  upload.destroy();

  while ((await files()).length > before.length) await delay(5);
  expect((await key.data(documentsOf, { id: sessionId })).session.documents).toEqual([]);
});

test.each([
  ["no file", { file: null }],
  ["a string instead of a file", { file: "barn.txt" }],
])("an upload with %s is rejected", async (_, input) => {
  const { key, sessionId } = await newSession();
  const query = `mutation ($input: UploadDocumentInput!) { uploadDocument(input: $input) { document { id } } }`;
  const [error] = await key.errors(query, { input: { sessionId, ...input } });
  expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field: "input.file" }] });
});

test("an upload needs no header besides its credential, which browsers preflight too", async () => {
  const { key, sessionId } = await newSession();
  const query = `mutation ($input: UploadDocumentInput!) { uploadDocument(input: $input) { document { size } } }`;
  const { status, body } = await key
    .post()
    .field("operations", JSON.stringify({ query, variables: { input: { sessionId, file: null } } }))
    .field("map", JSON.stringify({ file: ["variables.input.file"] }))
    .attach("file", Buffer.from("x"), "x.txt");
  expect([status, body.data]).toEqual([200, { uploadDocument: { document: { size: 1 } } }]);
});
