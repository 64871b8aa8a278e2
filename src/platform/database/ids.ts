import { v7 } from "uuid";

/** A new id: a UUID that sorts by the time it was made (RFC 9562, version 7), strictly growing within a process. */
export const newId = (): string => v7();

/** An id that sorts before all that are made from this moment on, and behind those that were made before. */
export const idAt = (milliseconds: number): string => v7({ msecs: milliseconds, seq: 0, random: new Uint8Array(16) });
