import type { Ending } from "./assertions";
import type { Instance } from "./instance";

/** A stream or an upload that a client keeps open. */
export interface WatchedStream {
  readonly name: string;
  readonly instance: Instance;
  readonly ended: Promise<Ending>;
  /** When the last event that it delivered was produced; 0 if it delivered none. */
  readonly lastProducedAt: number;
  close(): void;
}
