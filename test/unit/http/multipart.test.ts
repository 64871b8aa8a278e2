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
  it("brings one file to its variable", async () => {
    await expect(server.upload([...fields(), file("file", "alpha")])).resolves.toEqual({
      data: { filename: "a.txt", mimetype: "text/plain", sha256: sha256("alpha") },
    });
  });

  it("brings a file into a list", async () => {
    server.use = (_, { variables }) =>
      content(GraphQLUpload.parseValue((variables?.["files"] as unknown[])[0]) as Promise<Upload>, {});
    const parts = [
      field("operations", { query: "", variables: { files: [null] } }),
      field("map", { file: ["variables.files.0"] }),
      file("file", "alpha"),
    ];

    await expect(server.upload(parts)).resolves.toMatchObject({ data: { sha256: sha256("alpha") } });
  });

  it("hands the file on through the Upload scalar of a schema", async () => {
    server.use = (_, { variables = {} }) =>
      graphql({
        schema: uploadSchema,
        source: "mutation ($file: Upload!) { size(file: $file) }",
        variableValues: variables,
        rootValue: {
          size: async ({ file: given }: { file: Promise<Upload> }) =>
            Buffer.concat(await (await given).createReadStream().toArray()).length,
        },
      });

    await expect(server.upload([...fields(), file("file", "alpha")])).resolves.toEqual({ data: { data: { size: 5 } } });
  });

  it("needs no file", async () => {
    server.use = (_, operations) => Promise.resolve(operations);
    const parts = [field("operations", { query: "{ a }" }), field("map", {})];

    await expect(server.upload(parts)).resolves.toEqual({ data: { query: "{ a }" } });
  });

  it("may bring a file that it does not map, which is thrown away", async () => {
    server.use = unread;
    const parts = [field("operations", { query: "{ a }" }), field("map", {}), file("other", "alpha")];

    await expect(server.upload(parts)).resolves.toEqual({ data: "not read" });
  });

  it("may bring a file of no bytes, and one without a name", async () => {
    await expect(server.upload([...fields(), file("file", "")])).resolves.toMatchObject({
      data: { sha256: sha256("") },
    });

    const nameless = part('name="file"', "alpha", "application/octet-stream");
    await expect(server.upload([...fields(), nameless])).resolves.toEqual({
      data: { filename: "", mimetype: "application/octet-stream", sha256: sha256("alpha") },
    });
  });

  it("may write its content type in capitals", async () => {
    const answered = server.send(bodyOf([...fields(), file("file", "alpha")]), {
      "content-type": 'Multipart/Form-Data ; boundary="b"',
    });

    await expect(answered).resolves.toMatchObject({ data: { sha256: sha256("alpha") } });
  });

  it("may bring a file of exactly the allowed size, with all its bytes, however it is cut into chunks", async () => {
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
    ["has operations of a wrong type", [field("operations", "null"), map, alpha], "`operations` must be a JSON object"],
    ["has several operations", [field("operations", []), map, alpha], "Operation batching is off"],
    ["has a map of a wrong type", [operations, field("map", "[]"), alpha], "`map` must be a JSON object"],
    ["maps to no list", [operations, field("map", { file: "variables.file" }), alpha], "a list of paths"],
    ["maps to no path", [operations, field("map", { file: [null] }), alpha], "Each path in `map`"],
    ["maps two files", [operations, field("map", { a: [], b: [] }), alpha], "A request takes one file"],
    ["brings two files", [operations, map, alpha, file("other", "beta")], "A request takes one file"],
    ["brings two large files", [operations, map, file("file", 99_999), file("b", 9_999)], "A request takes one file"],
    ["does not bring its file", [operations, map], "File missing in the request"],
    ["brings another file", [operations, map, file("other", "alpha")], "File missing in the request"],
    ["has more fields", [operations, map, field("more", "1"), alpha], "and no other"],
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
  ])("when its map leads to %j, and nothing is changed by it", async (path) => {
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

  it("when it has 41 bytes that bring its parser to fail twice", async () => {
    const body = Buffer.from("--b\r\ncontent-disposition: form-data;\x01\r\n\r\n".slice(0, 41), "latin1");

    await expect(server.send(body)).resolves.toMatchObject({ code: "BAD_USER_INPUT" });
    await server.expectAnswers();
  });

  it("when a file is read in two places", async () => {
    server.use = async (given) => [await content(given, {}), await content(given, {})];

    await expect(server.upload([...fields(), alpha])).resolves.toMatchObject({
      code: "BAD_USER_INPUT",
      message: expect.stringContaining("can be read once") as string,
    });
  });
});

describe("a request is refused with PAYLOAD_TOO_LARGE", () => {
  it("when its file is a byte too large, however it is cut into chunks and whenever it is read", async () => {
    const body = bodyOf([...fields(), file("file", limits.maxFileBytes + 1)]);
    const later: Use = async (given) => {
      await given;
      await sleep(5);
      return content(given, {});
    };

    for (const read of [content, later]) {
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

  it("when it says that it is too large, or is without having said so", async () => {
    const body = Buffer.concat([bodyOf([...fields(), file("file", "alpha")]), Buffer.alloc(maxBodyBytes)]);

    await expect(server.send(body)).resolves.toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
    await expect(server.send(body, { "transfer-encoding": "chunked" }, 65_536)).resolves.toMatchObject({
      code: "PAYLOAD_TOO_LARGE",
    });
  });

  it("and is disconnected when it goes on and on", async () => {
    const endless = httpRequest({
      port: server.port,
      host: "127.0.0.1",
      method: "POST",
      headers: { "content-type": multipart },
    });
    let sent = 0;
    const gone = new Promise<void>((resolve) => {
      endless.on("error", () => undefined).on("close", resolve);
    });
    endless.on("response", (response) => response.on("error", () => undefined).resume());
    endless.write(bodyOf([...fields(), file("file", "alpha")]).subarray(0, -7));
    const more = () => {
      while (!endless.destroyed && endless.write(Buffer.alloc(65_536))) sent += 65_536;
    };
    endless.on("drain", more);
    more();

    await gone;
    // What the machine's own buffers take is on top of what the server reads.
    expect(sent).toBeLessThan(2 * maxBodyBytes + 20_000_000);
  });
});
