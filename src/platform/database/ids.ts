import { v7 } from "uuid";

/** A UUID that sorts by its time (RFC 9562, version 7), strictly increasing within a process. */
export const newId = (): string => v7();

/** A boundary that separates the ids from before this moment from the ids since. */
export const idAt = (epochMs: number): string => v7({ msecs: epochMs, seq: 0, random: new Uint8Array(16) });
