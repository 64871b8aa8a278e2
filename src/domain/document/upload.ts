import type { Readable } from "node:stream";

/** The file of a request. The promise of it, and the stream, fail with an ApiError. */
export interface Upload {
  /** As sent by the client; empty if the client sent none. */
  readonly filename: string;
  /** As sent by the client. */
  readonly mimetype: string;
  /**
   * The content; can be called once. The stream fails if the file is too large, and ends only after the whole request
   * was found well-formed, so that nothing is stored of a request that is rejected.
   */
  createReadStream(): UploadStream;
}

export type UploadStream = Readable & {
  /** Whether the file was cut off because it is too large. The stream fails then. */
  readonly truncated: boolean;
};
