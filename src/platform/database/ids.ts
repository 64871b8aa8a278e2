import { v7 } from "uuid";

/** A UUID that sorts by its time (RFC 9562, version 7), strictly increasing within a process. */
export const newId = (): string => v7();

/** A boundary that separates the ids from before this moment from the ids since. */
export const idAt = (epochMs: number): string =>
  v7({ msecs: Math.min(Math.max(epochMs, 0), maxEpochMs), seq: 0, random: new Uint8Array(16) });

/** When an id was made, to the millisecond. */
export const timeOf = (id: string): Date => new Date(parseInt(id.slice(0, 8) + id.slice(9, 13), 16));

/** An id has 48 bits for its time. */
const maxEpochMs = 2 ** 48 - 1;
