import { z } from "zod";

/** Length is counted in code points, as the columns of the database count it. */
export const text = (maxChars: number, minChars = 0) =>
  z.string("must be a text").refine((value) => hasLength(value, minChars, maxChars), {
    error: `must have ${range(minChars, maxChars)} characters`,
    abort: true,
  });

/**
 * A name for people: trimmed, on one line, and in the normal form NFC, so that names that look the same are the same.
 * Names that differ in case or width are different.
 */
export const name = (maxChars = 120) =>
  z
    .string("must be a text")
    .normalize("NFC")
    .trim()
    .pipe(text(maxChars, 1))
    .refine((value) => /^[^\p{Cc}\p{Zl}\p{Zp}]*$/u.test(value), {
      error: "must have no control characters",
      abort: true,
    })
    .refine((value) => !invisible.test(value.replaceAll(emoji, "")), {
      error: "must have no invisible characters, and none that change the direction of text",
      abort: true,
    });

/** A text that is compared with names, in the form in which these are stored. */
export const likeNames = () => z.string("must be a text").normalize("NFC");

/** Also blanks that are letters or symbols by their category. */
const invisible = /[\p{Default_Ignorable_Code_Point}\p{Cf}\u2800]/u;
/** Emoji, whose parts invisible characters join. */
const emoji =
  /[\p{Extended_Pictographic}#*0-9]\p{Emoji_Modifier}?\uFE0F?(?:\u200D\p{Extended_Pictographic}\p{Emoji_Modifier}?\uFE0F?)*/gu;

/** A name that the caller gives to something of theirs, compared byte for byte. */
export const reference = text(255, 1);

export const notBlank = z.string("must be a text").regex(/\S/, "must not be empty");

export function integerBetween(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return z.int(message).min(min, message).max(max, message);
}

export function numberBetween(min: number, max: number) {
  const message = `must be a number from ${min} to ${max}`;
  return z.number(message).min(min, message).max(max, message);
}

/** A list with this many elements, which the rule does not look at. */
export const list = (what: string, max: number, min = 0) =>
  z
    .custom<unknown[]>(Array.isArray, { error: "must be a list", abort: true })
    .refine(({ length }) => length >= min && length <= max, {
      error: `must have ${range(min, max)} ${what}`,
      abort: true,
    });

/** An object with up to `maxChars` characters of JSON. */
export const json = (maxChars: number) =>
  z.custom<object>(
    (value) => typeof value === "object" && value !== null && fitsAsJson(value, maxChars),
    `must have ${range(0, maxChars)} characters as JSON`,
  );

function range(min: number, max: number): string {
  return `${min === 0 ? "at most" : `${min} to`} ${max.toLocaleString("en")}`;
}

/** A code point has one or two code units, which spares counting a text that is far too long. */
function hasLength(value: string, min: number, max: number): boolean {
  if (value.length > 2 * max) return false;
  const { length } = Array.from(value);
  return length >= min && length <= max;
}

/** Counts as JSON.stringify() does, but the punctuation of a list or object before its elements; stops at the limit. */
function fitsAsJson(value: unknown, maxChars: number): boolean {
  let chars = 0;
  const pending = [value];
  while (pending.length > 0 && chars <= maxChars) {
    const next = pending.pop();
    if (Array.isArray(next)) {
      chars += 2 + Math.max(0, next.length - 1);
      if (chars <= maxChars) pending.push(...(next as unknown[]));
    } else if (typeof next === "object" && next !== null) {
      chars += 2 + Math.max(0, 2 * Object.keys(next).length - 1);
      if (chars <= maxChars) pending.push(...Object.entries(next as Record<string, unknown>).flat());
    } else {
      chars += JSON.stringify(next ?? null).length;
    }
  }
  return chars <= maxChars;
}
