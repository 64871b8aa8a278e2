import { request as httpRequest } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { buildSchema, graphql, type GraphQLScalarType } from "graphql";
import { GraphQLUpload } from "graphql-upload-minimal";
import { type Upload } from "../../../src/domain/document/upload";
import { bodyOf, field, fields, file, multipart, part } from "../../support/multipart-body";
import {
  content,
  limits,
  maxBodyBytes,
  sha256,
  unread,
  type Use,
  useMultipartServer,
} from "../../support/multipart-server";

const server = useMultipartServer();

const uploadSchema = buildSchema("scalar Upload type Query { a: Int } type Mutation { size(file: Upload!): Int }");
Object.assign(uploadSchema.getType("Upload") as GraphQLScalarType, { parseValue: GraphQLUpload.parseValue });

describe("a request of the specification", () => {
  it("assigns its file to a variable", async () => {
    await expect(server.upload([...fields(), file("file", "alpha")])).resolves.toEqual({
      data: { filename: "a.txt", mimetype: "text/plain", sha256: sha256("alpha") },
    });
  });

  it("assigns its file to an element of a list", async () => {
    server.use = (_, { variables }) =>
      content(GraphQLUpload.parseValue((variables?.["files"] as unknown[])[0]) as Promise<Upload>, {});
    const parts = [
      field("operations", { query: "", variables: { files: [null] } }),
      field("map", { file: ["variables.files.0"] }),
      file("file", "alpha"),
    ];

    await expect(server.upload(parts)).resolves.toMatchObject({ data: { sha256: sha256("alpha") } });
  });

  it("passes its file through the Upload scalar of a schema", async () => {
    server.use = (_, { variables = {} }) =>
      graphql({
        schema: uploadSchema,
        source: "mutation ($file: Upload!) { size(file: $file) }",
        variableValues: variables,
        rootValue: {
          size: async ({ file: upload }: { file: Promise<Upload> }) =>
            Buffer.concat(await (await upload).createReadStream().toArray()).length,
        },
      });

    await expect(server.upload([...fields(), file("file", "alpha")])).resolves.toEqual({ data: { data: { size: 5 } } });
  });

  it("may have no file", async () => {
    server.use = (_, operations) => Promise.resolve(operations);
    const parts = [field("operations", { query: "{ a }" }), field("map", {})];

    await expect(server.upload(parts)).resolves.toEqual({ data: { query: "{ a }" } });
  });

  it("may have an unmapped file, which is discarded", async () => {
    server.use = unread;
    const parts = [field("operations", { query: "{ a }" }), field("map", {}), file("other", "alpha")];

    await expect(server.upload(parts)).resolves.toEqual({ data: "not read" });
  });

  it("may have an empty file, or a file without a name", async () => {
    await expect(server.upload([...fields(), file("file", "")])).resolves.toMatchObject({
      data: { sha256: sha256("") },
    });

    const nameless = part('name="file"', "alpha", "application/octet-stream");
    await expect(server.upload([...fields(), nameless])).resolves.toEqual({
      data: { filename: "", mimetype: "application/octet-stream", sha256: sha256("alpha") },
    });
  });

  it("may have a content type in any case", async () => {
    const answered = server.send(bodyOf([...fields(), file("file", "alpha")]), {
      "content-type": 'Multipart/Form-Data ; boundary="b"',
    });

    await expect(answered).resolves.toMatchObject({ data: { sha256: sha256("alpha") } });
  });

  it("may have a file of exactly the maximum size, which arrives complete with any chunk size", async () => {
    const bytes = Buffer.alloc(limits.maxFileBytes, "\r\n--");
    const body = bodyOf([...fields(), file("file", bytes)]);

    for (const chunkBytes of [1_009, 65_536, body.length]) {
      await expect(server.send(body, {}, chunkBytes)).resolves.toMatchObject({ data: { sha256: sha256(bytes) } });
    }
  });
});

describe("a request is refused with BAD_USER_INPUT", () => {
  const operations = field("operations", { query: "", variables: { file: null } });
  const map = field("map", { file: ["variables.file"] });
  const alpha = file("file", "alpha");

  it.each([
    ["has no operations", [map, alpha], "'map' should follow 'operations'"],
    ["has no map", [operations, alpha], "files should follow 'map'"],
    ["has neither map nor file", [operations], "Missing multipart field 'map'"],
    ["has nothing", [], "It has no fields"],
    ["has map before operations", [map, operations, alpha], "'map' should follow 'operations'"],
    ["has its file first", [alpha, operations, map], "files should follow 'map'"],
    ["has its file before map", [operations, alpha, map], "files should follow 'map'"],
    ["has operations that are not JSON", [field("operations", "{ x }"), map, alpha], "`operations` must be JSON"],
    ["has a map that is not JSON", [operations, field("map", "{ x }"), alpha], "`map` must be JSON"],
    [
      "has operations of the wrong type",
      [field("operations", "null"), map, alpha],
      "`operations` must be a JSON object",
    ],
    ["has several operations", [field("operations", []), map, alpha], "Operation batching is off"],
    ["has a map of the wrong type", [operations, field("map", "[]"), alpha], "`map` must be a JSON object"],
    [
      "maps to something other than a list",
      [operations, field("map", { file: "variables.file" }), alpha],
      "a list of paths",
    ],
    ["maps to something other than a path", [operations, field("map", { file: [null] }), alpha], "Each path in `map`"],
    ["maps two files", [operations, field("map", { a: [], b: [] }), alpha], "A request takes one file"],
    ["has two files", [operations, map, alpha, file("other", "beta")], "A request takes one file"],
    ["has two large files", [operations, map, file("file", 99_999), file("b", 9_999)], "A request takes one file"],
    ["lacks its file", [operations, map], "File missing in the request"],
    ["has another file than it maps", [operations, map, file("other", "alpha")], "File missing in the request"],
    ["has another field", [operations, map, field("more", "1"), alpha], "and no other"],
  ])("when it %s", async (_, parts, message) => {
    await expect(server.upload(parts)).resolves.toEqual({
      code: "BAD_USER_INPUT",
      message: expect.stringContaining(message) as string,
    });
  });

  it.each([
    "",
    "query",
    "file",
    "variables",
    "variables.",
    "variables..file",
    ".variables.file",
    "variables.other",
    "variables.file.name",
    "variables.text",
    "variables.text.0",
    "variables.list.length",
    "variables.list.1",
    "variables.list.push.call",
    "variables.hasOwnProperty.call",
    "variables.toString.call",
    "variables.__proto__.polluted",
    "variables.constructor.prototype.polluted",
    "variables.own.__proto__.polluted",
    "__proto__.polluted",
    "constructor.prototype.polluted",
    "hasOwnProperty.call",
    `variables${".file".repeat(1_000)}`,
  ])("when its map leads to %j, and no object is modified", async (path) => {
    const call = Function.prototype.call as unknown;
    const parts = [
      field("operations", '{"query":"","variables":{"file":null,"text":"t","list":[null],"own":{"__proto__":{}}}}'),
      field("map", { file: ["variables.file", path] }),
      alpha,
    ];

    await expect(server.upload(parts)).resolves.toMatchObject({
      code: "BAD_USER_INPUT",
      message: expect.stringContaining("Each path in `map`") as string,
    });
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
    for (const inherited of ["hasOwnProperty", "toString"] as const)
      expect(Object.prototype[inherited].call).toBe(call);
    expect([].push.call).toBe(call);
  });

  it.each([
    ["no boundary", "multipart/form-data"],
    ["an empty boundary", "multipart/form-data; boundary"],
    ["another type", 'application/x-www-form-urlencoded; a="multipart/form-data;"'],
  ])("when its content type has %s", async (_, contentType) => {
    const answered = server.send(bodyOf([...fields(), alpha]), { "content-type": contentType });

    await expect(answered).resolves.toMatchObject({ code: "BAD_USER_INPUT" });
  });

  it("when its 41 bytes make the parser fail twice", async () => {
    const body = Buffer.from("--b\r\ncontent-disposition: form-data;\x01\r\n\r\n".slice(0, 41), "latin1");

    await expect(server.send(body)).resolves.toMatchObject({ code: "BAD_USER_INPUT" });
    await server.expectAnswers();
  });

  it("when two places read its file", async () => {
    server.use = async (given) => [await content(given, {}), await content(given, {})];

    await expect(server.upload([...fields(), alpha])).resolves.toMatchObject({
      code: "BAD_USER_INPUT",
      message: expect.stringContaining("can be read once") as string,
    });
  });
});

describe("a request is refused with PAYLOAD_TOO_LARGE", () => {
  it("when its file is one byte too large, with any chunk size and whenever it is read", async () => {
    const body = bodyOf([...fields(), file("file", limits.maxFileBytes + 1)]);
    const readLater: Use = async (given) => {
      await given;
      await sleep(5);
      return content(given, {});
    };

    for (const read of [content, readLater]) {
      server.use = read;
      for (const chunkBytes of [1_009, 65_536, body.length]) {
        await expect(server.send(body, {}, chunkBytes)).resolves.toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
      }
    }
  });

  it("when a field is too large", async () => {
    for (const name of ["operations", "map"]) {
      const large = field(name, " ".repeat(limits.maxFieldBytes + 1));
      const parts = name === "map" ? [field("operations", {}), large] : [large];
      await expect(server.upload(parts)).resolves.toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
    }
  });

  it("when it is too large, with and without a content-length", async () => {
    const body = Buffer.concat([bodyOf([...fields(), file("file", "alpha")]), Buffer.alloc(maxBodyBytes)]);

    await expect(server.send(body)).resolves.toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
    await expect(server.send(body, { "transfer-encoding": "chunked" }, 65_536)).resolves.toMatchObject({
      code: "PAYLOAD_TOO_LARGE",
    });
  });

  it("and is disconnected when its body does not end", async () => {
    const endless = httpRequest({
      port: server.port,
      host: "127.0.0.1",
      method: "POST",
      headers: { "content-type": multipart },
    });
    let sent = 0;
    const disconnected = new Promise<void>((resolve) => {
      endless.on("error", () => undefined).on("close", resolve);
    });
    endless.on("response", (response) => response.on("error", () => undefined).resume());
    endless.write(bodyOf([...fields(), file("file", "alpha")]).subarray(0, -7));
    const sendMore = () => {
      while (!endless.destroyed && endless.write(Buffer.alloc(65_536))) sent += 65_536;
    };
    endless.on("drain", sendMore);
    sendMore();

    await disconnected;
    // The allowance is for the buffers of the operating system.
    expect(sent).toBeLessThan(2 * maxBodyBytes + 20_000_000);
  });
});
