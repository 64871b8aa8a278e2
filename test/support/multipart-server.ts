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
import type { ApiError } from "../../src/errors";
import { GraphQLUpload } from "graphql-upload-minimal";
import { parseMultipart } from "../../src/api/http/multipart";
import { type Upload, type UploadStream } from "../../src/domain/document/upload";
import { bodyOf, fields, file, multipart } from "./multipart-body";

export const limits = { maxFieldBytes: 10_000, maxFileBytes: 200_000 };
export const maxBodyBytes = 2 * limits.maxFieldBytes + limits.maxFileBytes + 64 * 1024;

/** What becomes of the file after the request was parsed. */
export type Use = (file: Promise<Upload> | undefined, operations: Operations) => Promise<unknown>;
export interface Operations {
  readonly variables?: Record<string, unknown>;
}

export const content: Use = async (given) => {
  const { filename, mimetype, createReadStream } = (await given) ?? none;
  const chunks = (await createReadStream().toArray()) as Buffer[];
  return { filename, mimetype, sha256: sha256(Buffer.concat(chunks)) };
};
const none: Upload = { filename: "", mimetype: "", createReadStream: () => Readable.from([]) as UploadStream };
export const unread: Use = () => Promise.resolve("not read");

export const sha256 = (bytes: string | Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** A server that parses what is sent to it, and does nothing else. */
export class MultipartServer {
  use = content;
  /** What nobody has caught, which would end a server. */
  readonly unhandled: unknown[] = [];
  private handling: Promise<void>[] = [];
  private readonly onUnhandled = (reason: unknown) => void this.unhandled.push(reason);
  private readonly server: Server = createServer(
    (request, response) => void this.handling.push(this.handle(request, response)),
  );

  async start(): Promise<void> {
    process.on("unhandledRejection", this.onUnhandled).on("uncaughtException", this.onUnhandled);
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
  }

  async stop(): Promise<void> {
    await new Promise((resolve) => this.server.close(resolve));
    process.off("unhandledRejection", this.onUnhandled).off("uncaughtException", this.onUnhandled);
  }

  reset(): void {
    this.use = content;
    this.handling = [];
  }

  async handled(): Promise<void> {
    await Promise.all(this.handling);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The connections, once those have ended that are about to. */
  async openConnections(): Promise<number> {
    const count = () => new Promise<number>((resolve) => this.server.getConnections((_, open) => resolve(open)));
    for (let attempt = 0; attempt < 200 && (await count()) > 0; attempt++) await sleep(10);
    return count();
  }

  readonly upload = (parts: readonly Buffer[]): Promise<object> => this.send(bodyOf(parts));

  /** Sends a body on a connection of its own, in one piece or in chunks, and gives the answer. */
  send(body: Buffer, headers: Record<string, string> = {}, chunkBytes = body.length): Promise<object> {
    return new Promise((resolve, reject) => {
      const length = "transfer-encoding" in headers ? {} : { "content-length": body.length };
      const request = httpRequest({
        port: this.port,
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

  /** Writes to one connection, and gives everything that comes back until it is closed. */
  exchange(pieces: readonly (string | Buffer)[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, "127.0.0.1");
      for (const piece of pieces) socket.write(piece);
      socket.toArray().then((chunks: Buffer[]) => resolve(Buffer.concat(chunks).toString()), reject);
    });
  }

  async expectAnswers(): Promise<void> {
    this.use = content;
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
    const answered = await this.upload([...fields(), file("file", bytes)]);
    expect(answered).toMatchObject({ data: { sha256: sha256(bytes) } });
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const operations = (await parseMultipart(request, response, limits)) as Operations;
      const placeholder = operations.variables?.["file"];
      const given = placeholder ? (GraphQLUpload.parseValue(placeholder) as Promise<Upload>) : undefined;
      answer(response, 200, { data: await this.use(given, operations) });
    } catch (error) {
      const { message, extensions } = error as Partial<ApiError>;
      answer(response, 400, { code: extensions?.["code"] ?? "NOT_AN_API_ERROR", message });
    }
  }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** Starts one before the tests of a file. After each of them nothing of it may be left. */
export function useMultipartServer(): MultipartServer {
  const server = new MultipartServer();
  beforeAll(() => server.start());
  beforeEach(() => {
    server.reset();
  });
  afterEach(async () => {
    await server.handled();
    expect(await server.openConnections()).toBe(0);
    expect(server.unhandled.splice(0)).toEqual([]);
  });
  afterAll(() => server.stop());
  return server;
}
