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

/** Uses the file after the request is parsed. @returns the data of the response */
export type Use = (file: Promise<Upload> | undefined, operations: Operations) => Promise<unknown>;
export interface Operations {
  readonly variables?: Record<string, unknown>;
}

export const content: Use = async (upload) => {
  const { filename, mimetype, createReadStream } = (await upload) ?? none;
  const chunks = (await createReadStream().toArray()) as Buffer[];
  return { filename, mimetype, sha256: sha256(Buffer.concat(chunks)) };
};
const none: Upload = { filename: "", mimetype: "", createReadStream: () => Readable.from([]) as UploadStream };
export const unread: Use = () => Promise.resolve("not read");

export const sha256 = (bytes: string | Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** A server that only parses multipart requests. */
export class MultipartServer {
  use = content;
  /** Uncaught errors, each of which would end a real server. */
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

  /** The number of open connections. Waits up to two seconds until all are closed. */
  async openConnections(): Promise<number> {
    const count = () => new Promise<number>((resolve) => this.server.getConnections((_, open) => resolve(open)));
    for (let attempt = 0; attempt < 200 && (await count()) > 0; attempt++) await sleep(10);
    return count();
  }

  readonly upload = (parts: readonly Buffer[]): Promise<object> => this.send(bodyOf(parts));

  /** Sends a body on a separate connection, in chunks. @returns the body of the response */
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

  /** Writes chunks to one connection. @returns everything that is received until it is closed */
  exchange(chunks: readonly (string | Buffer)[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, "127.0.0.1");
      for (const chunk of chunks) socket.write(chunk);
      socket.toArray().then((received: Buffer[]) => resolve(Buffer.concat(received).toString()), reject);
    });
  }

  async expectAnswers(): Promise<void> {
    this.use = content;
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
    const response = await this.upload([...fields(), file("file", bytes)]);
    expect(response).toMatchObject({ data: { sha256: sha256(bytes) } });
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const operations = (await parseMultipart(request, response, limits)) as Operations;
      const placeholder = operations.variables?.["file"];
      const upload = placeholder ? (GraphQLUpload.parseValue(placeholder) as Promise<Upload>) : undefined;
      respond(response, 200, { data: await this.use(upload, operations) });
    } catch (error) {
      const { message, extensions } = error as Partial<ApiError>;
      respond(response, 400, { code: extensions?.["code"] ?? "NOT_AN_API_ERROR", message });
    }
  }
}

function respond(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** Starts a server before the tests of a file. After each test, no connection and no uncaught error may remain. */
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
