/** Says, in words for people, why a document that is of a known type can't be read. */
export class UnreadableError extends Error {
  constructor(readonly reason: string) {
    super(reason);
    this.name = "Unreadable";
  }
}

export const encrypted = () => new UnreadableError("It is encrypted. Upload it without a password.");

/** For `.catch()`: what a library throws at a document says that the document is damaged, unless it is too large. */
export function damaged(error?: unknown): never {
  throw error instanceof RangeError ? error : new UnreadableError("It is damaged, so that its text can't be found.");
}

/** Why reading failed; undefined where it is a fault of ours. */
export function reasonOf(error: unknown): string | undefined {
  if (error instanceof UnreadableError) return error.reason;
  if (!(error instanceof RangeError)) return undefined;
  return error.message.includes("call stack")
    ? "Its parts are nested too deeply to be read."
    : "It takes too much memory to read.";
}
