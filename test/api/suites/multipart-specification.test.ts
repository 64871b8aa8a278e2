/**
 * The cases of the GraphQL multipart request specification, version 2
 * (https://github.com/jaydenseric/graphql-multipart-request-spec): its structure of fields, and its examples.
 */
import { bodyOf, field, file, multipart, part } from "../../support/multipart-body";
import { sendRaw } from "../../support/raw";
import { useServer } from "../../support/server";
import type { KeyHolder } from "../../support/test-app";

const server = useServer();
let key: KeyHolder;
let sessionId: string;
beforeAll(async () => {
  const app = await server.current.newApp();
  key = await app.key();
  sessionId = await app.session();
});

const upload = `mutation ($input: UploadDocumentInput!) { uploadDocument(input: $input) { document { filename size } } }`;
const operations = () => ({ query: upload, variables: { input: { sessionId, file: null } } });
const place = "variables.input.file";

async function send(...parts: readonly Buffer[]) {
  const headers = { "content-type": multipart, "x-api-key": key.secret };
  const { status, text } = await sendRaw(key.url, { headers, body: bodyOf(parts) });
  return { status, ...(JSON.parse(text) as { data?: any; errors?: any[] }) };
}

const expectRefused = async (parts: readonly Buffer[], message: string | RegExp) => {
  const { status, data, errors = [] } = await send(...parts);
  expect([status, data, errors.length]).toEqual([400, undefined, 1]);
  expect(errors[0].extensions.code).toBe("BAD_USER_INPUT");
  expect(errors[0].message).toMatch(message);
};

describe("the example of", () => {
  test("a single file is accepted", async () => {
    const sent = [field("operations", operations()), field("map", { 0: [place] }), file("0", "Alpha file content.")];
    expect(await send(...sent)).toEqual({
      status: 200,
      data: { uploadDocument: { document: { filename: "a.txt", size: 19 } } },
    });
  });

  test("a list of files is refused, as a request takes one file", async () => {
    const query = `mutation ($files: [UploadDocumentInput!]!) { viewer { kind } }`;
    const listed = { query, variables: { files: [null, null] } };
    const map = { 0: ["variables.files.0"], 1: ["variables.files.1"] };
    const sent = [field("operations", listed), field("map", map), file("0", "Bravo."), file("1", "Charlie.")];
    await expectRefused(sent, "A request takes one file.");
  });

  test("batching is refused, as a request takes one operation", async () => {
    const map = { 0: [`0.${place}`], 1: [`1.${place}`] };
    const sent = [field("operations", [operations(), operations()]), field("map", map), file("0", "a"), file("1", "b")];
    await expectRefused(sent, "Operation batching is off");
  });
});

describe("the field of a file", () => {
  test.each(["0", "file", "variables.input.file", "ünïcode-1", "__proto__x", "a b"])(
    "may have any name, such as %p",
    async (name) => {
      const { status, data } = await send(
        field("operations", operations()),
        field("map", { [name]: [place] }),
        file(name, "text"),
      );
      expect([status, data?.uploadDocument.document.size]).toEqual([200, 4]);
    },
  );

  test("has its own name and content, whatever is in it", async () => {
    const content = Buffer.from("A line.\r\n--c-\r\n--a--\r\nAnother line.\r\n\r\n");
    const sent = part(`name="0"; filename="notes; of=today.txt"`, content, "application/octet-stream");
    const answer = await send(field("operations", operations()), field("map", { 0: [place] }), sent);
    const document = { filename: "notes; of=today.txt", size: content.length };
    expect(answer).toEqual({ status: 200, data: { uploadDocument: { document } } });
  });

  test("that the map names but the body lacks fails the field that needs it", async () => {
    const { status, data, errors } = await send(field("operations", operations()), field("map", { 0: [place] }));
    expect([status, data]).toEqual([200, null]);
    expect(errors?.[0].extensions.code).toBe("BAD_USER_INPUT");
  });

  test("that the map does not name is ignored", async () => {
    const { status, data } = await send(
      field("operations", { query: `{ viewer { kind } }` }),
      field("map", {}),
      file("0", "unused"),
    );
    expect([status, data]).toEqual([200, { viewer: { kind: "API_KEY" } }]);
  });

  test("at two places of the operation is read once", async () => {
    const query = `mutation ($one: UploadDocumentInput!, $two: UploadDocumentInput!) {
      one: uploadDocument(input: $one) { document { size } }
      two: uploadDocument(input: $two) { document { size } }
    }`;
    const { status, errors } = await send(
      field("operations", { query, variables: { one: { sessionId, file: null }, two: { sessionId, file: null } } }),
      field("map", { 0: ["variables.one.file", "variables.two.file"] }),
      file("0", "text"),
    );
    expect([status, errors?.length, errors?.[0].path]).toEqual([200, 1, ["two"]]);
    expect(errors?.[0].message).toContain("can be read once");
  });
});

describe("a body is refused", () => {
  const map = field("map", { 0: [place] });
  test.each<[string, () => Buffer[], string | RegExp]>([
    ["without a field", () => [], /no fields|can't be read/],
    ["without operations", () => [map, file("0", "a")], "operations"],
    ["without a map", () => [field("operations", operations()), file("0", "a")], "map"],
    ["whose map precedes the operations", () => [map, field("operations", operations()), file("0", "a")], "operations"],
    ["whose file precedes the map", () => [field("operations", operations()), file("0", "a"), map], "map"],
    ["whose operations are not JSON", () => [field("operations", "{"), map, file("0", "a")], "must be JSON"],
    ["whose operations are no object", () => [field("operations", "7"), map, file("0", "a")], "JSON object"],
    [
      "whose map is not JSON",
      () => [field("operations", operations()), field("map", "{"), file("0", "a")],
      "must be JSON",
    ],
    [
      "whose map is a list",
      () => [field("operations", operations()), field("map", [place]), file("0", "a")],
      "JSON object",
    ],
    [
      "whose map has no list of paths",
      () => [field("operations", operations()), field("map", { 0: place }), file("0", "a")],
      "list of paths",
    ],
    [
      "whose map leads nowhere",
      () => [field("operations", operations()), field("map", { 0: ["variables.other"] }), file("0", "a")],
      "must lead to a null",
    ],
    [
      "whose map leads out of the variables",
      () => [field("operations", operations()), field("map", { 0: ["query"] }), file("0", "a")],
      "must lead to a null",
    ],
    [
      "whose map leads to a prototype",
      () => [field("operations", operations()), field("map", { 0: ["variables.__proto__.file"] }), file("0", "a")],
      "must lead to a null",
    ],
    [
      "whose operations have no null at the file",
      () => [
        field("operations", { query: upload, variables: { input: { sessionId, file: "a" } } }),
        map,
        file("0", "a"),
      ],
      "must lead to a null",
    ],
  ])("%s", async (_, parts, message) => {
    await expectRefused(parts(), message);
  });
});
