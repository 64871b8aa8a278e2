import type { WriterClient } from "./writer-client";
import type { KnownApp } from "./ledger";

/** One kind of change: how to make it, and what is to be there afterwards. */
export interface WriteOperation {
  /** The mutation that it is made by. */
  readonly mutation: string;
  /** How often it is made, beside the others. */
  readonly weight: number;
  isPossible(app: KnownApp): boolean;
  /** @throws Contradiction */
  do(hand: WriterClient, app: KnownApp): Promise<void>;
}

export const always = (): boolean => true;
