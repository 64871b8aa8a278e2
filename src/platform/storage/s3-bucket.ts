import { createReadStream, createWriteStream } from "node:fs";
import { retry } from "../process/retry";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AwsV4Signer } from "aws4fetch";
import { type Dispatcher, errors, Pool } from "undici";
import { StorageUnavailableError } from "./document-storage";
import type { ContentDigest } from "./hashing-writer";
import { type ListedObjects, parseListing } from "./s3-listing";
import type { S3Credentials, S3Location } from "./s3-location";

const connectTimeoutMs = 3_000;
/** For the headers of a response, and between two chunks of its body. */
const responseTimeoutMs = 20_000;
/** Uploads get additional time, assuming at least this rate. */
const minUploadBytesPerMs = 100;
const maxAttempts = 3;
const retryDelayMs = 200;
const maxConnections = 50;
const maxErrorChars = 64 * 1_024;

/** An error response. Its text is not included, because it may repeat parts of the request. */
export class S3Error extends StorageUnavailableError {
  constructor(
    readonly status: number,
    readonly code: string,
  ) {
    super(`The store responded with ${status} ${code}`);
  }

  get isTransient(): boolean {
    return this.status >= 500 || this.status === 429 || this.code === "RequestTimeout" || this.code === "SlowDown";
  }
}

interface Call {
  readonly method: "GET" | "PUT" | "DELETE";
  /** The name of the object; empty for the bucket itself. */
  readonly name: string;
  readonly search?: Readonly<Record<string, string>>;
  /** The body of the request. */
  readonly file?: ContentDigest & { readonly path: string };
}

/** A client for the objects under one prefix of a bucket. */
export class S3Bucket {
  private readonly origin: string;
  private readonly path: string;
  private readonly pool: Pool;
  /** Downloads may be slow, so their connections are separate from those that other work needs. */
  private readonly downloadPool: Pool;
  private readonly signingKeys = new Map<string, ArrayBuffer>();

  constructor(
    private readonly location: S3Location,
    private readonly credentials: S3Credentials,
  ) {
    const { endpoint, bucket, pathStyle } = location;
    const { protocol, host } = new URL(endpoint);
    this.origin = pathStyle ? endpoint : `${protocol}//${bucket}.${host}`;
    this.path = pathStyle ? `/${bucket}/` : "/";
    const options = {
      connections: maxConnections,
      connect: { timeout: connectTimeoutMs },
      bodyTimeout: responseTimeoutMs,
    };
    this.pool = new Pool(this.origin, options);
    this.downloadPool = new Pool(this.origin, options);
  }

  /** @throws {S3Error} if the bucket cannot be used */
  async check(): Promise<void> {
    await this.page({ "max-keys": "1" });
  }

  async put(name: string, file: ContentDigest & { readonly path: string }): Promise<void> {
    await withRetry(async () => (await this.call({ method: "PUT", name, file })).dump());
  }

  /** @returns false if the object does not exist */
  async download(name: string, path: string): Promise<boolean> {
    return unlessMissing(async () => {
      await withRetry(async () => {
        const body = await this.call({ method: "GET", name });
        await pipeline(body, createWriteStream(path, { mode: 0o600 }));
      });
      return true;
    }, false);
  }

  /** @returns undefined if the object does not exist */
  async read(name: string, signal: AbortSignal): Promise<Readable | undefined> {
    return unlessMissing(
      () => withRetry(() => this.call({ method: "GET", name }, this.downloadPool, signal)),
      undefined,
    );
  }

  async delete(name: string): Promise<void> {
    await unlessMissing(() => withRetry(async () => (await this.call({ method: "DELETE", name })).dump()), undefined);
  }

  /** The objects directly under the prefix, without those in folders below it. Names are without the prefix. */
  async *list(): AsyncIterable<{ readonly name: string; readonly writtenAt: number }> {
    const { prefix } = this.location;
    for (let next: Record<string, string> | undefined = {}; next;) {
      const { objects, continuation }: ListedObjects = await this.page(next);
      for (const { key, writtenAt } of objects) {
        if (key.startsWith(prefix)) yield { name: key.slice(prefix.length), writtenAt };
      }
      next = continuation === undefined ? undefined : { "continuation-token": continuation };
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.pool.destroy(), this.downloadPool.destroy()]);
  }

  private page(more: Readonly<Record<string, string>>): Promise<ListedObjects> {
    const search = { "list-type": "2", delimiter: "/", prefix: this.location.prefix, ...more };
    return withRetry(async () => parseListing(await (await this.call({ method: "GET", name: "", search })).text()));
  }

  private async call(call: Call, pool = this.pool, signal?: AbortSignal): Promise<Dispatcher.ResponseData["body"]> {
    const { method, file } = call;
    const { url, headers } = await this.signed(call);
    const { statusCode, body } = await pool.request({
      method,
      path: url.pathname + url.search,
      headers: Object.fromEntries(headers),
      body: file ? createReadStream(file.path) : null,
      signal: signal ?? null,
      headersTimeout: responseTimeoutMs + (file?.size ?? 0) / minUploadBytesPerMs,
    });
    if (statusCode >= 200 && statusCode < 300) return body;
    const [, code = "without a code"] = /<Code>(\w{1,100})<\/Code>/.exec(await startOf(body)) ?? [];
    throw new S3Error(statusCode, code);
  }

  private signed({ method, name, search, file }: Call): Promise<{ url: URL; headers: Headers }> {
    const { accessKeyId, secretAccessKey, sessionToken } = this.credentials;
    const key = name === "" ? "" : this.location.prefix + name;
    const url = new URL(this.path + key, this.origin);
    for (const [parameter, value] of Object.entries(search ?? {})) url.searchParams.set(parameter, value);
    const headers = file && { "x-amz-content-sha256": file.sha256, "content-length": String(file.size) };
    return new AwsV4Signer({
      method,
      url: url.href,
      headers: headers ?? {},
      accessKeyId,
      secretAccessKey,
      ...(sessionToken !== undefined && { sessionToken }),
      service: "s3",
      region: this.location.region,
      cache: this.signingKeys,
    }).sign();
  }
}

async function startOf(body: Dispatcher.ResponseData["body"]): Promise<string> {
  let text = "";
  for await (const chunk of body) {
    text += String(chunk);
    if (text.length > maxErrorChars) break;
  }
  return text;
}

const withRetry = <Result>(work: () => Promise<Result>): Promise<Result> =>
  retry(work, {
    maxAttempts,
    delayMs: (attempt) => attempt * retryDelayMs,
    shouldRetry: (error) => asTransient(error) !== undefined,
  }).catch((error: unknown) => {
    throw asTransient(error) ?? error;
  });

/** @returns undefined if a retry cannot succeed */
function asTransient(error: unknown): StorageUnavailableError | undefined {
  if (error instanceof S3Error) return error.isTransient ? error : undefined;
  if (error instanceof errors.RequestAbortedError || !(error instanceof Error)) return undefined;
  const isConnectionError =
    error instanceof errors.UndiciError || "syscall" in error || error instanceof AggregateError;
  if (!isConnectionError) return undefined;
  const { message, code } = error as NodeJS.ErrnoException;
  return new StorageUnavailableError(`The store is unreachable: ${message || String(code)}`);
}

async function unlessMissing<Result>(work: () => Promise<Result>, missing: Result): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof S3Error && error.code === "NoSuchKey") return missing;
    throw error;
  }
}
