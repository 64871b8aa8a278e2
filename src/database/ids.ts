import { v7 } from "uuid";

/** A new id: a UUID that sorts by the time it was made (RFC 9562, version 7), strictly growing within a process. */
export const newId = (): string => v7();
