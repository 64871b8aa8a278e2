import type { Ending } from "./assertions";
import type { Instance } from "./instance";

/** A stream or an upload that a client keeps open at one instance. */
export interface Watched {
  readonly kind: string;
  readonly instance: Instance;
  readonly ended: Promise<Ending>;
  /** When the last of what it got was made; 0 where it got nothing. */
  readonly lastMadeAt: number;
  leave(): void;
}
