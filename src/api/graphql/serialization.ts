import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { ExecutionResult } from "graphql";

/** Serialized before other work gets a turn; it takes about a millisecond. */
const charsPerTurn = 65_536;

/** Results that are smaller are serialized at once. */
const largeResultBytes = 250_000;

export const isLarge = (bytes: number): boolean => bytes > largeResultBytes;

/**
 * Serializes a result as JSON, as JSON.stringify does, while other work gets its turns.
 *
 * @param expectedBytes an estimate of its size
 * @returns undefined if the JSON has more bytes than the maximum
 */
export async function serialize(
  result: ExecutionResult,
  maxBytes: number,
  expectedBytes = 0,
): Promise<Buffer | undefined> {
  const largestBytes = maxBytes + spareBytes;
  // One buffer, as the collection of many takes long.
  let json: Buffer = Buffer.allocUnsafe(Math.min(expectedBytes + spareBytes, largestBytes));
  let [bytes, text] = [0, ""];
  for (const piece of piecesOf(result)) {
    text += piece;
    if (text.length < charsPerTurn) continue;
    flush();
    if (bytes > maxBytes) return undefined;
    await nextTurn();
  }
  flush();
  await nextTurn();
  return bytes > maxBytes ? undefined : json.subarray(0, bytes);

  function flush(): void {
    const needed = bytes + Buffer.byteLength(text);
    if (needed > json.length) json = enlarged(json.subarray(0, bytes), needed);
    bytes += json.write(text, bytes);
    text = "";
  }

  /** Not by Buffer.concat(), which fills the rest with zeros and holds the event loop meanwhile. */
  function enlarged(written: Buffer, neededBytes: number): Buffer {
    const larger = Buffer.allocUnsafe(Math.max(neededBytes, Math.min(2 * neededBytes, largestBytes)));
    larger.set(written);
    return larger;
  }
}

/** Room for the texts of one turn, and for errors. */
const spareBytes = 1_000_000;

/** A result that is JSON already. JSON.stringify writes a marker for it, which `embed` replaces. */
export class SerializedResult implements ExecutionResult {
  private static readonly written = new Map<string, SerializedResult>();
  /** Is in the JSON only. */
  declare readonly data?: Record<string, unknown>;
  private readonly marker = `result-${randomUUID()}`;

  constructor(private readonly json: Buffer) {}

  toJSON(): string {
    SerializedResult.written.set(this.marker, this);
    return this.marker;
  }

  /** Puts the result into the message that it was written into. To be called as soon as the message was stringified. */
  static embed(message: string): string | Buffer {
    for (const [marker, { json }] of SerializedResult.written) {
      const [before, after] = message.split(JSON.stringify(marker));
      if (before === undefined || after === undefined) continue;
      SerializedResult.written.delete(marker);
      return Buffer.concat([Buffer.from(before), json, Buffer.from(after)]);
    }
    return message;
  }
}

function* piecesOf(value: unknown): Generator<string, void> {
  if (typeof value === "string") yield* piecesOfText(value);
  else if (Array.isArray(value)) yield* piecesOfList(value);
  else if (isPlainObject(value)) yield* piecesOfObject(value);
  else yield JSON.stringify(value ?? null);
}

function* piecesOfText(text: string): Generator<string, void> {
  if (text.length <= charsPerTurn) {
    yield JSON.stringify(text);
    return;
  }
  yield '"';
  for (let from = 0, to; from < text.length; from = to) {
    to = from + charsPerTurn;
    // A pair of surrogates is one character, which must not be cut.
    if (/[\uD800-\uDBFF]/.test(text.charAt(to - 1))) to -= 1;
    yield JSON.stringify(text.slice(from, to)).slice(1, -1);
  }
  yield '"';
}

function* piecesOfList(list: readonly unknown[]): Generator<string, void> {
  let separator = "[";
  for (const each of list) {
    yield separator;
    yield* piecesOf(each);
    separator = ",";
  }
  yield separator === "[" ? "[]" : "]";
}

function* piecesOfObject(object: Readonly<Record<string, unknown>>): Generator<string, void> {
  let separator = "{";
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) continue;
    yield `${separator}${JSON.stringify(key)}:`;
    yield* piecesOf(value);
    separator = ",";
  }
  yield separator === "{" ? "{}" : "}";
}

/** Other objects, such as dates, have a `toJSON`. */
function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !("toJSON" in value);
}
