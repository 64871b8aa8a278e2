import { ApiError } from "../errors";

/** JSON.parse takes a microsecond for each level, hundreds of milliseconds for a message that only nests. */
const maxNesting = 200;

/** An object with tens of thousands of keys takes JSON.parse as long as a text of many megabytes. */
const maxKeys = 50_000;

const Char = {
  Colon: 0x3a,
  Quote: 0x22,
  OpenList: 0x5b,
  Backslash: 0x5c,
  CloseList: 0x5d,
  OpenObject: 0x7b,
  CloseObject: 0x7d,
};

/**
 * @throws BAD_USER_INPUT if the lists and objects of a JSON text are nested too deeply, or have too many keys; says nothing
 * of its syntax
 */
export function assertSimple(text: string): void {
  let depth = 0;
  let keys = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === Char.Quote) i = endOfText(text, i);
    else if (char === Char.OpenList || char === Char.OpenObject) depth += 1;
    else if (char === Char.CloseList || char === Char.CloseObject) depth -= 1;
    else if (char === Char.Colon) keys += 1;
    if (keys > maxKeys) {
      throw new ApiError("BAD_USER_INPUT", `JSON must have at most ${maxKeys.toLocaleString("en")} keys. Send less.`);
    }
    if (depth > maxNesting) {
      throw new ApiError("BAD_USER_INPUT", `JSON must not be nested deeper than ${maxNesting} levels. Send less.`);
    }
  }
}

/** @returns the index of the quote that ends the text which begins at `start` */
function endOfText(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && text.charCodeAt(end) !== Char.Quote) {
    end += text.charCodeAt(end) === Char.Backslash ? 2 : 1;
  }
  return end;
}

/** Whether a text is JSON, which a stricter parser may refuse for its keys. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
