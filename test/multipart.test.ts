import { createHash } from "node:crypto";
import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from "node:http";
import { type AddressInfo, connect } from "node:net";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import * as fc from "fast-check";
import { buildSchema, graphql, type GraphQLScalarType } from "graphql";
import type { ApiError } from "../src/errors";
import { GraphQLUpload, parseMultipart, type Upload, type UploadStream } from "../src/document/multipart";

const limits = { maxFieldBytes: 10_000, maxFileBytes: 200_000 };
const maxBodyBytes = 2 * limits.maxFieldBytes + limits.maxFileBytes + 64 * 1024;

/** What becomes of the file after the request was parsed. */
type Use = (file: Promise<Upload> | undefined, operations: Operations) => Promise<unknown>;
interface Operations {
  readonly variables?: Record<string, unknown>;
}

const content: Use = async (file) => {
  const { filename, mimetype, createReadStream } = (await file) ?? none;
  const chunks = (await createReadStream().toArray()) as Buffer[];
  return { filename, mimetype, sha256: sha256(Buffer.concat(chunks)) };
};
const none: Upload = { filename: "", mimetype: "", createReadStream: () => Readable.from([]) as UploadStream };
const unread: Use = () => Promise.resolve("not read");

let use: Use;
let server: Server;
let port: number;
let handling: Promise<void>[];
const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown) => void unhandled.push(reason);

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const operations = (await parseMultipart(request, response, limits)) as Operations;
    const placeholder = operations.variables?.["file"];
    const file = placeholder ? (GraphQLUpload.parseValue(placeholder) as Promise<Upload>) : undefined;
    answer(response, 200, { data: await use(file, operations) });
  } catch (error) {
    const { message, extensions } = error as Partial<ApiError>;
    answer(response, 400, { code: extensions?.["code"] ?? "NOT_AN_API_ERROR", message });
  }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

beforeAll(async () => {
  process.on("unhandledRejection", onUnhandled).on("uncaughtException", onUnhandled);
  server = createServer((request, response) => void handling.push(handle(request, response)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});

beforeEach(() => {
  use = content;
  handling = [];
});

afterEach(async () => {
  await Promise.all(handling);
  expect(await openConnections()).toBe(0);
  expect(unhandled.splice(0)).toEqual([]);
});

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  process.off("unhandledRejection", onUnhandled).off("uncaughtException", onUnhandled);
});

describe("a request of the specification", () => {
  it("brings one file to its variable", async () => {
    await expect(upload([...fields(), file("file", "alpha")])).resolves.toEqual({
      data: { filename: "a.txt", mimetype: "text/plain", sha256: sha256("alpha") },
    });
  });

  it("brings a file into a list", async () => {
    use = (_, { variables }) =>
      content(GraphQLUpload.parseValue((variables?.["files"] as unknown[])[0]) as Promise<Upload>, {});
    const parts = [
      field("operations", { query: "", variables: { files: [null] } }),
      field("map", { file: ["variables.files.0"] }),
      file("file", "alpha"),
    ];

    await expect(upload(parts)).resolves.toMatchObject({ data: { sha256: sha256("alpha") } });
  });

  it("hands the file on through the Upload scalar of a schema", async () => {
    use = (_, { variables = {} }) =>
      graphql({
        schema: uploadSchema,
        source: "mutation ($file: Upload!) { size(file: $file) }",
        variableValues: variables,
        rootValue: {
          size: async ({ file: given }: { file: Promise<Upload> }) =>
            Buffer.concat(await (await given).createReadStream().toArray()).length,
        },
      });

    await expect(upload([...fields(), file("file", "alpha")])).resolves.toEqual({ data: { data: { size: 5 } } });
  });

  it("needs no file", async () => {
    use = (_, operations) => Promise.resolve(operations);
    const parts = [field("operations", { query: "{ a }" }), field("map", {})];

    await expect(upload(parts)).resolves.toEqual({ data: { query: "{ a }" } });
  });

  it("may bring a file that it does not map, which is thrown away", async () => {
    use = unread;
    const parts = [field("operations", { query: "{ a }" }), field("map", {}), file("other", "alpha")];

    await expect(upload(parts)).resolves.toEqual({ data: "not read" });
  });

  it("may bring a file of no bytes, and one without a name", async () => {
    await expect(upload([...fields(), file("file", "")])).resolves.toMatchObject({ data: { sha256: sha256("") } });

    const nameless = part('name="file"', "alpha", "application/octet-stream");
    await expect(upload([...fields(), nameless])).resolves.toEqual({
      data: { filename: "", mimetype: "application/octet-stream", sha256: sha256("alpha") },
    });
  });

  it("may write its content type in capitals", async () => {
    const answered = send(bodyOf([...fields(), file("file", "alpha")]), {
      "content-type": 'Multipart/Form-Data ; boundary="b"',
    });

    await expect(answered).resolves.toMatchObject({ data: { sha256: sha256("alpha") } });
  });

  it("may bring a file of exactly the allowed size, with all its bytes, however it is cut into chunks", async () => {
    const bytes = Buffer.alloc(limits.maxFileBytes, "\r\n--");
    const body = bodyOf([...fields(), file("file", bytes)]);

    for (const chunkBytes of [1_009, 65_536, body.length]) {
      await expect(send(body, {}, chunkBytes)).resolves.toMatchObject({ data: { sha256: sha256(bytes) } });
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
    await expect(upload(parts)).resolves.toEqual({
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

    await expect(upload(parts)).resolves.toMatchObject({
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
    const answered = send(bodyOf([...fields(), alpha]), { "content-type": contentType });

    await expect(answered).resolves.toMatchObject({ code: "BAD_USER_INPUT" });
  });

  it("when it has 41 bytes that bring its parser to fail twice", async () => {
    const body = Buffer.from("--b\r\ncontent-disposition: form-data;\x01\r\n\r\n".slice(0, 41), "latin1");

    await expect(send(body)).resolves.toMatchObject({ code: "BAD_USER_INPUT" });
    await answersStill();
  });

  it("when a file is read in two places", async () => {
    use = async (given) => [await content(given, {}), await content(given, {})];

    await expect(upload([...fields(), alpha])).resolves.toMatchObject({
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
      use = read;
      for (const chunkBytes of [1_009, 65_536, body.length]) {
        await expect(send(body, {}, chunkBytes)).resolves.toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
      }
    }
  });

  it("when a field is too large", async () => {
    for (const name of ["operations", "map"]) {
      const large = field(name, " ".repeat(limits.maxFieldBytes + 1));
      const parts = name === "map" ? [field("operations", {}), large] : [large];
      await expect(upload(parts)).resolves.toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
    }
  });

  it("when it says that it is too large, or is without having said so", async () => {
    const body = Buffer.concat([bodyOf([...fields(), file("file", "alpha")]), Buffer.alloc(maxBodyBytes)]);

    await expect(send(body)).resolves.toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
    await expect(send(body, { "transfer-encoding": "chunked" }, 65_536)).resolves.toMatchObject({
      code: "PAYLOAD_TOO_LARGE",
    });
  });

  it("and is disconnected when it goes on and on", async () => {
    const endless = httpRequest({ port, host: "127.0.0.1", method: "POST", headers: { "content-type": multipart } });
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

describe("a file that nobody reads", () => {
  const body = bodyOf([...fields(), file("file", limits.maxFileBytes)]);

  it.each<[string, Use]>([
    ["the operation is refused", () => Promise.reject(new Error("refused"))],
    ["no resolver asks for it", unread],
    ["its stream is made and left", async (given) => void (await given)?.createReadStream()],
    ["its stream is destroyed", async (given) => void (await given)?.createReadStream().destroy()],
    [
      "reading it stops after a while",
      async (given) => {
        for await (const _ of (await given)?.createReadStream() ?? []) break;
      },
    ],
  ])("does not keep the connection from its next request, when %s", async (_, what) => {
    use = what;
    const answers = await rawExchange([head(body.length), body, head(body.length, "close"), body]);

    expect(answers.match(/^HTTP\/1\.1 /gm)).toHaveLength(2);
  });
});

describe("a body that ends early", () => {
  const valid = bodyOf([...fields(), file("file", "alpha")]);

  it("is refused wherever it ends, and nothing of its file is taken", async () => {
    for (let length = 0; length < valid.length; length++) {
      const answered = await send(valid.subarray(0, length));
      // The last line break belongs to no part.
      if (length >= valid.length - 2) expect(answered).toMatchObject({ data: { sha256: sha256("alpha") } });
      else expect({ length, ...answered }).toMatchObject({ length, code: "BAD_USER_INPUT" });
    }
    await answersStill();
  });

  it("leaves nothing open when the client goes, wherever that is", async () => {
    for (let length = 0; length < valid.length; length++) {
      const socket = connect(port, "127.0.0.1").on("error", () => undefined);
      socket.write(head(valid.length));
      socket.write(valid.subarray(0, length));
      if (length % 8 === 0) await sleep(2);
      socket.destroy();
    }
    await answersStill();
    await Promise.all(handling);
  });

  it("leaves nothing open when the client goes while its file is read", async () => {
    const begun = deferred();
    const outcome = deferred<unknown>();
    use = async (given) => {
      begun.resolve();
      await content(given, {}).catch((error: unknown) => {
        outcome.resolve(error);
      });
    };
    const socket = connect(port, "127.0.0.1").on("error", () => undefined);
    socket.write(head(valid.length));
    socket.write(valid.subarray(0, -20));
    await begun.promise;
    socket.destroy();

    await expect(outcome.promise).resolves.toMatchObject({ extensions: { code: "BAD_USER_INPUT" } });
  });

  it("is refused also where the client had gone before it was parsed", async () => {
    const request = Object.assign(new Readable({ read: () => undefined }), { headers: { "content-type": multipart } });
    request.destroy();
    const response = Object.assign(new Readable(), { writableFinished: false });

    await expect(
      parseMultipart(request as unknown as IncomingMessage, response as unknown as ServerResponse, limits),
    ).rejects.toMatchObject({ extensions: { code: "BAD_USER_INPUT" } });
  });
});

it("answers a valid upload with the right bytes after 2,000 bodies that were mutated at random", async () => {
  const valid = bodyOf([...fields(), file("file", "alpha\r\nbeta")]);
  const morsel = fc.oneof(
    fc.constantFrom(
      "\r\n--b\r\n",
      "--b--",
      "\r\n",
      "\r",
      "--b",
      'content-disposition: form-data; name="map"\r\n\r\n',
      "{",
      "\0",
    ),
    fc.constantFrom(
      "variables.__proto__",
      "content-type: text/plain; charset=utf-16\r\n",
      "filename*=utf-8''%ff",
      ":",
      '"',
    ),
    fc.string({ unit: "binary", maxLength: 8 }),
  );
  const mutation = fc.record({ at: fc.nat(valid.length), removed: fc.nat(12), inserted: morsel });
  const mutations = fc.array(mutation, { minLength: 1, maxLength: 6 });

  await fc.assert(
    fc.asyncProperty(
      mutations,
      fc.integer({ min: 1, max: 400 }),
      fc.constantFrom(content, unread),
      async (all, chunkBytes, how) => {
        use = how;
        const mutated = all.reduce(
          (body, { at, removed, inserted }) =>
            Buffer.concat([body.subarray(0, at), Buffer.from(inserted, "latin1"), body.subarray(at + removed)]),
          valid,
        );
        expect(await send(mutated, {}, chunkBytes)).not.toMatchObject({ code: "NOT_AN_API_ERROR" });
        expect(unhandled).toEqual([]);
      },
    ),
    { numRuns: 2_000 },
  );
  await answersStill();
});

// What a client sends.

const multipart = "multipart/form-data; boundary=b";
const uploadSchema = buildSchema("scalar Upload type Query { a: Int } type Mutation { size(file: Upload!): Int }");
Object.assign(uploadSchema.getType("Upload") as GraphQLScalarType, { parseValue: GraphQLUpload.parseValue });

function part(disposition: string, value: string | Buffer, type?: string): Buffer {
  const contentType = type ? `content-type: ${type}\r\n` : "";
  const header = `--b\r\ncontent-disposition: form-data; ${disposition}\r\n${contentType}\r\n`;
  return Buffer.concat([Buffer.from(header), Buffer.from(value), Buffer.from("\r\n")]);
}

function field(name: string, value: string | object): Buffer {
  return part(`name="${name}"`, typeof value === "string" ? value : JSON.stringify(value));
}

function file(name: string, bytes: string | Buffer | number): Buffer {
  const value = typeof bytes === "number" ? Buffer.alloc(bytes, "x") : bytes;
  return part(`name="${name}"; filename="a.txt"`, value, "text/plain");
}

function fields(): Buffer[] {
  return [field("operations", { query: "", variables: { file: null } }), field("map", { file: ["variables.file"] })];
}

function bodyOf(parts: readonly Buffer[]): Buffer {
  return Buffer.concat([...parts, Buffer.from("--b--\r\n")]);
}

const upload = (parts: readonly Buffer[]): Promise<object> => send(bodyOf(parts));

/** Sends a body on a connection of its own, in one piece or in chunks, and gives the answer. */
function send(body: Buffer, headers: Record<string, string> = {}, chunkBytes = body.length): Promise<object> {
  return new Promise((resolve, reject) => {
    const length = "transfer-encoding" in headers ? {} : { "content-length": body.length };
    const request = httpRequest({
      port,
      host: "127.0.0.1",
      method: "POST",
      agent: false,
      headers: { "content-type": multipart, ...length, ...headers },
    });
    request.on("error", reject).on("response", (response) => {
      response.toArray().then((chunks: Buffer[]) => {
        resolve(JSON.parse(Buffer.concat(chunks).toString()) as object);
      }, reject);
    });
    for (let at = 0; at < body.length; at += chunkBytes) request.write(body.subarray(at, at + chunkBytes));
    request.end();
  });
}

const head = (length: number, connection = "keep-alive"): string =>
  `POST / HTTP/1.1\r\nhost: localhost\r\nconnection: ${connection}\r\ncontent-type: ${multipart}\r\ncontent-length: ${length}\r\n\r\n`;

/** Writes to one connection, and gives everything that comes back until it is closed. */
function rawExchange(pieces: readonly (string | Buffer)[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    for (const piece of pieces) socket.write(piece);
    socket.toArray().then((chunks: Buffer[]) => resolve(Buffer.concat(chunks).toString()), reject);
  });
}

async function answersStill(): Promise<void> {
  use = content;
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
  await expect(upload([...fields(), file("file", bytes)])).resolves.toMatchObject({ data: { sha256: sha256(bytes) } });
}

/** The server's connections, once those have ended that are about to. */
async function openConnections(): Promise<number> {
  const count = () => new Promise<number>((resolve) => server.getConnections((_, open) => resolve(open)));
  for (let attempt = 0; attempt < 200 && (await count()) > 0; attempt++) await sleep(10);
  return count();
}

const sha256 = (bytes: string | Buffer): string => createHash("sha256").update(bytes).digest("hex");

function deferred<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}
