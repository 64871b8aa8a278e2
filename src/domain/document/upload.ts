import type { Readable } from "node:stream";

/** The file of a request. A resolver gets a promise of it; whatever fails, fails with an ApiError. */
export interface Upload {
  /** As the client says; empty where it doesn't. */
  readonly filename: string;
  /** As the client says. */
  readonly mimetype: string;
  /**
   * The content, to be had once. It fails where the file is too large, and it ends only when the whole request has proved
   * well-formed, so that nothing is kept of a request that is refused.
   */
  createReadStream(): UploadStream;
}

export type UploadStream = Readable & {
  /** Whether the file was cut for being too large. Reading it fails then. */
  readonly truncated: boolean;
};
