import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { finished, Readable, Transform, type TransformCallback, type Writable } from "node:stream";
import { finished as whenFinished } from "node:stream/promises";
import { type FileUpload, processRequest, type Upload as Placeholder } from "graphql-upload-minimal";
import type { UploadStream } from "../../domain/document/upload";
import { ApiError } from "../../errors";
import { invalid, moreThanOneFile, parseMap, parseOperations, type Place } from "./multipart-fields";

export interface MultipartLimits {
  /** Applies to each of the fields `operations` and `map`. */
  readonly maxFieldBytes: number;
  readonly maxFileBytes: number;
}

/**
 * Reads a request of the GraphQL multipart request specification
 * (https://github.com/jaydenseric/graphql-multipart-request-spec) up to the start of its file, and returns its
 * `operations`. It accepts one operation and at most one file.
 *
 * The caller needs no cleanup: a file that no resolver has read when the response ends is read and discarded, and a
 * client that far exceeds the maximum size is disconnected.
 *
 * @param closed aborted with an ApiError if the rest of the request must be refused
 * @throws BAD_USER_INPUT or PAYLOAD_TOO_LARGE, or that error
 */
export async function parseMultipart(
  request: IncomingMessage,
  response: ServerResponse,
  limits: MultipartLimits,
  closed?: AbortSignal,
): Promise<unknown> {
  const body = new Body(request, response, limits);
  closed?.addEventListener("abort", () => {
    if (closed.reason instanceof ApiError) body.fail(closed.reason);
  });
  try {
    return await body.parse();
  } catch (error) {
    body.resume();
    throw body.firstError(error);
  }
}

/** For the boundaries and headers of three parts; the parser accepts 16 KiB of headers per part. */
const maxOverheadBytes = 64 * 1024;

type FieldListener = (name: string | undefined, value: string, info: { readonly valueTruncated: boolean }) => void;

/**
 * The body of a request as graphql-upload-minimal receives it. The library writes to any path of the client, even to
 * inherited ones (`variables.toString.call`), and removes its error listener from the parser after the first of two
 * errors. Therefore it receives a harmless operation and map instead, and its parser keeps an error listener.
 */
class Body extends Transform {
  readonly headers: IncomingHttpHeaders;

  private readonly maxBytes: number;
  private receivedBytes = 0;
  private failure: ApiError | undefined;
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
    // The library compares the content type case-sensitively; HTTP does not.
    const contentType = request.headers["content-type"] ?? "";
    this.headers = { "content-type": contentType.replace(/^multipart\/form-data\s*;/i, "multipart/form-data;") };

    request.pipe(this);
    finished(request, { writable: false }, (error) => {
      if (error) this.destroy();
    });
    // No resolver reads the file after the response. Without its parser, the library drains the body.
    response.once("close", () => this.parser?.destroy());
  }

  async parse(): Promise<unknown> {
    if (!this.headers["content-type"]?.startsWith("multipart/form-data;")) {
      throw invalid("A request with a file must have the header `content-type: multipart/form-data; boundary=...`.");
    }
    if (Number(this.request.headers["content-length"] ?? 0) > this.maxBytes) throw this.bodyTooLarge();

    const { maxFieldBytes, maxFileBytes } = this.limits;
    const { file } = (await processRequest(this as unknown as IncomingMessage, this.response, {
      // One more than allowed, since the parser reports a field or file of exactly its limit as truncated.
      maxFieldSize: maxFieldBytes + 1,
      maxFileSize: maxFileBytes + 1,
      maxFiles: 1,
    })) as unknown as { file: Placeholder | null };
    if (this.failure) throw this.failure;

    if (file) file.promise = this.guarded(file.promise);
    for (const { parent, key } of this.places) parent[key] = file;
    return this.operations;
  }

  /** @returns the first error of the request, whichever of the library, the parser and this class has raised it */
  firstError(error: unknown): ApiError {
    return (this.failure ??= error instanceof ApiError ? error : malformed(error));
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.receivedBytes += chunk.length;
    if (this.receivedBytes <= this.maxBytes) {
      done(null, chunk);
    } else if (this.receivedBytes <= 2 * this.maxBytes) {
      // Discarded, but read: many clients read the response only after they have sent the whole body.
      this.fail(this.bodyTooLarge());
      done();
    } else if (this.response.writableFinished) {
      this.request.destroy();
    } else {
      this.response.once("close", () => this.request.destroy());
    }
  }

  /** The library calls this once, with its parser. */
  override pipe<T extends NodeJS.WritableStream>(destination: T): T {
    const parser = destination as unknown as Writable;
    this.parser = parser;
    this.parsed = whenFinished(parser);
    this.parsed.catch(ignore);
    parser.on("error", ignore);
    parser.prependListener("filesLimit", () => this.fail(moreThanOneFile()));
    parser.on("fieldsLimit", () => this.fail(invalid("Send the fields `operations` and `map`, and no other.")));
    parser.on("file", (_name: string, content: Readable) => {
      content.on("limit", () => this.fail(this.fileTooLarge()));
    });

    const [handleField] = parser.listeners("field") as FieldListener[];
    parser.removeAllListeners("field");
    parser.on("field", ((name, value, info) => {
      // The parser continues to the end of its chunk, even if it is destroyed.
      if (this.failure) return;
      try {
        handleField?.(name, this.replacementOf(name, value, info.valueTruncated), info);
      } catch (error) {
        this.fail(this.firstError(error));
      }
    }) satisfies FieldListener);
    return super.pipe(destination);
  }

  /** Parses a field, and returns the value that the library receives instead. */
  private replacementOf(name: string | undefined, value: string, isTruncated: boolean): string {
    if (isTruncated) throw this.fieldTooLarge();
    if (name === "operations") {
      this.operations = parseOperations(value);
      return JSON.stringify({ file: null });
    }
    if (name === "map" && this.operations) {
      const { part, places } = parseMap(value, this.operations);
      this.places = places;
      return JSON.stringify(part === undefined ? {} : { [part]: ["file"] });
    }
    return value;
  }

  private guarded(promise: Promise<FileUpload>): Promise<FileUpload> {
    const upload = promise.then(
      (file) => this.guardedFile(file),
      (error: unknown) => {
        throw this.firstError(error);
      },
    );
    // A resolver may never await it.
    upload.catch(ignore);
    return upload;
  }

  private guardedFile(file: FileUpload): FileUpload {
    let isTaken = false;
    const createReadStream = (): UploadStream => {
      if (isTaken) throw invalid("An uploaded file can be read once. Use its variable in one place of the operation.");
      isTaken = true;
      const stream = Readable.from(this.contentOf(file), { objectMode: false });
      stream.on("error", ignore);
      const truncated = () => this.failure?.code === "PAYLOAD_TOO_LARGE";
      return Object.defineProperty(stream, "truncated", { get: truncated }) as UploadStream;
    };
    // Despite its type, the filename is undefined if the part has none.
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
      throw this.firstError(error);
    }
    if (this.failure) throw this.failure;
  }

  /** Refuses the rest of the request. The first error wins. */
  fail(error: ApiError): void {
    this.failure ??= error;
    // Later, since the parser itself may be the caller, and would lose the state that it still needs.
    process.nextTick(() => this.parser?.destroy(this.failure));
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
  // For a body without fields the library blames middleware (status 500); its messages end with a URL.
  const reason = status === 500 ? "It has no fields." : message.replace(/(?: \(https?:.*\))?\.?$/, ".");
  const specification = "https://github.com/jaydenseric/graphql-multipart-request-spec";
  return invalid(`The multipart body can't be read: ${reason} Build it as ${specification} says.`);
}

const ignore = () => undefined;
