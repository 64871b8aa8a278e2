import type { WriterClient } from "./writer-client";
import type { KnownApp } from "./ledger";

/** One kind of write: how to make it, and how to record it in the ledger. */
export interface WriteOperation {
  readonly mutation: string;
  /** Frequency relative to the other operations. */
  readonly weight: number;
  isPossible(app: KnownApp): boolean;
  /** @throws {ContradictionError} if the response contradicts the ledger */
  run(client: WriterClient, app: KnownApp): Promise<void>;
}

export const always = (): boolean => true;
