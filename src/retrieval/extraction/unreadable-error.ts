/** A document of a supported type cannot be read. */
export class UnreadableError extends Error {
  constructor(
    /** To be shown to people. */
    readonly reason: string,
  ) {
    super(reason);
    this.name = "UnreadableError";
  }
}

export const outOfMemory = () => new UnreadableError("Reading it takes too much memory.");

export const crashed = () => new UnreadableError("The process that read it crashed.");

/** V8 aborts if the heap is full; the watchdog kills if the rest of the memory is. */
export const outOfMemorySignals: ReadonlySet<NodeJS.Signals | null> = new Set([
  "SIGABRT",
  "SIGKILL",
  "SIGTRAP",
  "SIGILL",
]);

export const nestedTooDeeply = () => new UnreadableError("It is nested too deeply to be read.");

export const encrypted = () => new UnreadableError("It is encrypted. Upload it without a password.");

/** For `.catch()`: reports any error of a parser as a damaged document, except a RangeError. */
export function damaged(error?: unknown): never {
  throw error instanceof RangeError ? error : new UnreadableError("It is damaged; its text cannot be extracted.");
}

/** @returns undefined if the error is a fault of the server and not of the document */
export function reasonOf(error: unknown): string | undefined {
  if (error instanceof UnreadableError) return error.reason;
  if (!(error instanceof RangeError)) return undefined;
  return error.message.includes("call stack") ? nestedTooDeeply().reason : outOfMemory().reason;
}

/** A text whose beginning could be decoded goes on with other bytes. */
export function notText(): never {
  throw new UnreadableError("It begins as text, but goes on with bytes that are no text in a known encoding.");
}

export const withoutText = () => new UnreadableError("It has no text.");
