import type { IncomingMessage, ServerResponse } from "node:http";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import * as fc from "fast-check";
import { parseMultipart } from "../../../src/api/http/multipart";
import { bodyOf, fields, file, head, multipart } from "../../support/multipart-body";
import { content, limits, sha256, unread, type Use, useMultipartServer } from "../../support/multipart-server";

const server = useMultipartServer();

describe("a file that no resolver reads", () => {
  const body = bodyOf([...fields(), file("file", limits.maxFileBytes)]);

  it.each<[string, Use]>([
    ["the operation is denied", () => Promise.reject(new Error("refused"))],
    ["no resolver asks for it", unread],
    ["its stream is created and not read", async (given) => void (await given)?.createReadStream()],
    ["its stream is destroyed", async (given) => void (await given)?.createReadStream().destroy()],
    [
      "its reader stops before the end",
      async (given) => {
        for await (const _ of (await given)?.createReadStream() ?? []) break;
      },
    ],
  ])("does not block the next request of the connection, when %s", async (_, use) => {
    server.use = use;
    const answers = await server.exchange([head(body.length), body, head(body.length, "close"), body]);

    expect(answers.match(/^HTTP\/1\.1 /gm)).toHaveLength(2);
  });
});

describe("a body that ends early", () => {
  const valid = bodyOf([...fields(), file("file", "alpha")]);

  it("is refused wherever it ends, and its file is discarded", async () => {
    for (let length = 0; length < valid.length; length++) {
      const answered = await server.send(valid.subarray(0, length));
      // The last line break belongs to no part.
      if (length >= valid.length - 2) expect(answered).toMatchObject({ data: { sha256: sha256("alpha") } });
      else expect({ length, ...answered }).toMatchObject({ length, code: "BAD_USER_INPUT" });
    }
    await server.expectAnswers();
  });

  it("leaves nothing open when the client disconnects, wherever that is", async () => {
    for (let length = 0; length < valid.length; length++) {
      const socket = connect(server.port, "127.0.0.1").on("error", () => undefined);
      socket.write(head(valid.length));
      socket.write(valid.subarray(0, length));
      if (length % 8 === 0) await sleep(2);
      socket.destroy();
    }
    await server.expectAnswers();
    await server.handled();
  });

  it("leaves nothing open when the client disconnects while its file is read", async () => {
    const started = deferred();
    const outcome = deferred<unknown>();
    server.use = async (given) => {
      started.resolve();
      await content(given, {}).catch((error: unknown) => {
        outcome.resolve(error);
      });
    };
    const socket = connect(server.port, "127.0.0.1").on("error", () => undefined);
    socket.write(head(valid.length));
    socket.write(valid.subarray(0, -20));
    await started.promise;
    socket.destroy();

    await expect(outcome.promise).resolves.toMatchObject({ extensions: { code: "BAD_USER_INPUT" } });
  });

  it("is refused if the client has disconnected before it is parsed", async () => {
    const request = Object.assign(new Readable({ read: () => undefined }), { headers: { "content-type": multipart } });
    request.destroy();
    const response = Object.assign(new Readable(), { writableFinished: false });

    await expect(
      parseMultipart(request as unknown as IncomingMessage, response as unknown as ServerResponse, limits),
    ).rejects.toMatchObject({ extensions: { code: "BAD_USER_INPUT" } });
  });
});

it("answers a valid upload correctly after 2,000 randomly mutated bodies", async () => {
  const valid = bodyOf([...fields(), file("file", "alpha\r\nbeta")]);
  const snippet = fc.oneof(
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
  const mutation = fc.record({ at: fc.nat(valid.length), removed: fc.nat(12), inserted: snippet });
  const mutations = fc.array(mutation, { minLength: 1, maxLength: 6 });

  await fc.assert(
    fc.asyncProperty(
      mutations,
      fc.integer({ min: 1, max: 400 }),
      fc.constantFrom(content, unread),
      async (edits, chunkBytes, use) => {
        server.use = use;
        const mutated = edits.reduce(
          (body, { at, removed, inserted }) =>
            Buffer.concat([body.subarray(0, at), Buffer.from(inserted, "latin1"), body.subarray(at + removed)]),
          valid,
        );
        expect(await server.send(mutated, {}, chunkBytes)).not.toMatchObject({ code: "NOT_AN_API_ERROR" });
        expect(server.unhandled).toEqual([]);
      },
    ),
    { numRuns: 2_000 },
  );
  await server.expectAnswers();
});

function deferred<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}
