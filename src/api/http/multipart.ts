import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { finished, Readable, Transform, type TransformCallback, type Writable } from "node:stream";
import { finished as whenFinished } from "node:stream/promises";
import { type FileUpload, processRequest, type Upload as Placeholder } from "graphql-upload-minimal";
import type { UploadStream } from "../../domain/document/upload";
import { ApiError } from "../../errors";
import { mapOf, moreThanOneFile, operationsOf, type Place, refused } from "./multipart-fields";

export interface MultipartLimits {
  /** Of the field `operations`, and as many again of the field `map`. */
  readonly maxFieldBytes: number;
  readonly maxFileBytes: number;
}

/**
 * Reads a request of the GraphQL multipart request specification
 * (https://github.com/jaydenseric/graphql-multipart-request-spec) up to where its file begins, and gives its `operations`.
 * It takes one operation and one file at most.
 *
 * Nothing else is to be done, whatever becomes of the request: what no resolver has read when the response ends is
 * read and thrown away, and who sends far more than is allowed is disconnected.
 *
 * @param over given where the rest is not to be taken, with an ApiError that says why
 * @throws BAD_USER_INPUT or PAYLOAD_TOO_LARGE, or that error
 */
export async function parseMultipart(
  request: IncomingMessage,
  response: ServerResponse,
  limits: MultipartLimits,
  over?: AbortSignal,
): Promise<unknown> {
  const body = new Body(request, response, limits);
  over?.addEventListener("abort", () => {
    if (over.reason instanceof ApiError) body.fail(over.reason);
  });
  try {
    return await body.parse();
  } catch (error) {
    body.resume();
    throw body.faultOf(error);
  }
}

/** The boundaries and part headers of three parts; the parser takes 16 KiB of headers a part. */
const maxOverheadBytes = 64 * 1024;

type FieldListener = (name: string | undefined, value: string, info: { readonly valueTruncated: boolean }) => void;

/**
 * A request's body as graphql-upload-minimal gets to see it. The library sets whatever path a client gives, inherited
 * ones too (`variables.toString.call`), and stops listening to its parser after the first of two errors; so it is given
 * an operation and a map of our own, and a parser that is listened to for good.
 */
class Body extends Transform {
  readonly headers: IncomingHttpHeaders;

  private readonly maxBytes: number;
  private receivedBytes = 0;
  private fault: ApiError | undefined;
  private parser: Writable | undefined;
  private parsed: Promise<void> | undefined;
  private operations: object | undefined;
  private places: readonly Place[] = [];

  constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly limits: MultipartLimits,
  ) {
    super();
    this.maxBytes = 2 * limits.maxFieldBytes + limits.maxFileBytes + maxOverheadBytes;
    // The library compares letter by letter what HTTP means without case.
    const contentType = request.headers["content-type"] ?? "";
    this.headers = { "content-type": contentType.replace(/^multipart\/form-data\s*;/i, "multipart/form-data;") };

    request.pipe(this);
    finished(request, { writable: false }, (error) => {
      if (error) this.destroy();
    });
    // Whoever was to read the file has had the time. Without its parser, the library lets the body run out.
    response.once("close", () => this.parser?.destroy());
  }

  async parse(): Promise<unknown> {
    if (!this.headers["content-type"]?.startsWith("multipart/form-data;")) {
      throw refused("A request with a file needs the header `content-type: multipart/form-data; boundary=...`.");
    }
    if (Number(this.request.headers["content-length"] ?? 0) > this.maxBytes) throw this.bodyTooLarge();

    const { maxFieldBytes, maxFileBytes } = this.limits;
    const { file } = (await processRequest(this as unknown as IncomingMessage, this.response, {
      // One more than allowed, as the parser takes what has exactly the length of its limit for cut.
      maxFieldSize: maxFieldBytes + 1,
      maxFileSize: maxFileBytes + 1,
      maxFiles: 1,
    })) as unknown as { file: Placeholder | null };
    if (this.fault) throw this.fault;

    if (file) file.promise = this.guarded(file.promise);
    for (const { holder, key } of this.places) holder[key] = file;
    return this.operations;
  }

  /** What to say of an error of the library, the parser or this file: always what went wrong first. */
  faultOf(error: unknown): ApiError {
    return (this.fault ??= error instanceof ApiError ? error : malformed(error));
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.receivedBytes += chunk.length;
    if (this.receivedBytes <= this.maxBytes) {
      done(null, chunk);
    } else if (this.receivedBytes <= 2 * this.maxBytes) {
      // Thrown away, but read: many clients look for an answer only when they have sent everything.
      this.fail(this.bodyTooLarge());
      done();
    } else if (this.response.writableFinished) {
      this.request.destroy();
    } else {
      this.response.once("close", () => this.request.destroy());
    }
  }

  /** Called by the library, once, with its parser. */
  override pipe<T extends NodeJS.WritableStream>(destination: T): T {
    const parser = destination as unknown as Writable;
    this.parser = parser;
    this.parsed = whenFinished(parser);
    this.parsed.catch(ignore);
    parser.on("error", ignore);
    parser.prependListener("filesLimit", () => this.fail(moreThanOneFile()));
    parser.on("fieldsLimit", () => this.fail(refused("Send the fields `operations` and `map`, and no other.")));
    parser.on("file", (_name: string, content: Readable) => {
      content.on("limit", () => this.fail(this.fileTooLarge()));
    });

    const [read] = parser.listeners("field") as FieldListener[];
    parser.removeAllListeners("field");
    parser.on("field", ((name, value, info) => {
      // The parser goes on to the end of its chunk, destroyed or not.
      if (this.fault) return;
      try {
        read?.(name, this.replacementOf(name, value, info.valueTruncated), info);
      } catch (error) {
        this.fail(this.faultOf(error));
      }
    }) satisfies FieldListener);
    return super.pipe(destination);
  }

  /** Takes in a field, and gives what the library is to take it for. */
  private replacementOf(name: string | undefined, value: string, truncated: boolean): string {
    if (truncated) throw this.fieldTooLarge();
    if (name === "operations") {
      this.operations = operationsOf(value);
      return JSON.stringify({ file: null });
    }
    if (name === "map" && this.operations) {
      const { part, places } = mapOf(value, this.operations);
      this.places = places;
      return JSON.stringify(part === undefined ? {} : { [part]: ["file"] });
    }
    return value;
  }

  private guarded(promise: Promise<FileUpload>): Promise<FileUpload> {
    const upload = promise.then(
      (file) => this.guardedFile(file),
      (error: unknown) => {
        throw this.faultOf(error);
      },
    );
    // A resolver may never ask for it.
    upload.catch(ignore);
    return upload;
  }

  private guardedFile(file: FileUpload): FileUpload {
    let taken = false;
    const createReadStream = (): UploadStream => {
      if (taken) throw refused("An uploaded file can be read once. Use its variable in one place of the operation.");
      taken = true;
      const stream = Readable.from(this.contentOf(file), { objectMode: false });
      stream.on("error", ignore);
      const truncated = () => this.fault?.code === "PAYLOAD_TOO_LARGE";
      return Object.defineProperty(stream, "truncated", { get: truncated }) as UploadStream;
    };
    // The parser leaves a filename away that the part does not have, whatever its type says.
    return {
      ...file,
      filename: (file.filename as string | undefined) ?? "",
      createReadStream,
    } as unknown as FileUpload;
  }

  private async *contentOf(file: FileUpload): AsyncGenerator<Buffer> {
    try {
      yield* file.createReadStream() as AsyncIterable<Buffer>;
      await this.parsed;
    } catch (error) {
      throw this.faultOf(error);
    }
    if (this.fault) throw this.fault;
  }

  /** Takes nothing more of it. */
  fail(fault: ApiError): void {
    this.fault ??= fault;
    // Later, as it is the parser that calls, and goes on with what it would lose by being destroyed.
    process.nextTick(() => this.parser?.destroy(this.fault));
  }

  private fieldTooLarge(): ApiError {
    const { maxFieldBytes } = this.limits;
    return tooLarge(`The fields \`operations\` and \`map\` may have at most ${maxFieldBytes} bytes each. Send less.`);
  }

  private fileTooLarge(): ApiError {
    return tooLarge(`A file may have at most ${this.limits.maxFileBytes} bytes. Send a smaller one, or split it.`);
  }

  private bodyTooLarge(): ApiError {
    const { maxFileBytes } = this.limits;
    return tooLarge(
      `A request with a file may have at most ${this.maxBytes} bytes, of which the file ${maxFileBytes}. Send a smaller file, or split it.`,
    );
  }
}

const tooLarge = (message: string) => new ApiError("PAYLOAD_TOO_LARGE", message);

function malformed(error: unknown): ApiError {
  const { message, status } = error as { message: string; status?: number };
  // The library suspects a server's middleware where a body has no fields, and ends its texts with an address.
  const reason = status === 500 ? "It has no fields." : message.replace(/(?: \(https?:.*\))?\.?$/, ".");
  const specification = "https://github.com/jaydenseric/graphql-multipart-request-spec";
  return refused(`The multipart body can't be read: ${reason} Build it as ${specification} says.`);
}

const ignore = () => undefined;
