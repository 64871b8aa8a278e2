import type { Hand } from "./hand";
import type { KnownApp } from "./ledger";

/** One kind of change: how to make it, and what is to be there afterwards. */
export interface Deed {
  /** The mutation that it is made by. */
  readonly mutation: string;
  /** How often it is made, beside the others. */
  readonly weight: number;
  isPossible(app: KnownApp): boolean;
  /** @throws Contradiction */
  do(hand: Hand, app: KnownApp): Promise<void>;
}

export const always = (): boolean => true;
