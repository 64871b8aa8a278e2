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

export const encrypted = () => new UnreadableError("It is encrypted. Upload it without a password.");

/** For `.catch()`: reports any error of a parser as a damaged document, except a RangeError. */
export function damaged(error?: unknown): never {
  throw error instanceof RangeError ? error : new UnreadableError("It is damaged; its text cannot be extracted.");
}

/** @returns undefined if the error is a fault of the server and not of the document */
export function reasonOf(error: unknown): string | undefined {
  if (error instanceof UnreadableError) return error.reason;
  if (!(error instanceof RangeError)) return undefined;
  return error.message.includes("call stack")
    ? "It is nested too deeply to be read."
    : "Reading it takes too much memory.";
}
