import { TextDecoder } from "node:util";

const byteOrderMarks = [
  ["utf-16le", [0xff, 0xfe]],
  ["utf-16be", [0xfe, 0xff]],
  // Without a mark, the `<` that XML begins with tells them.
  ["utf-16le", [0x3c, 0x00]],
  ["utf-16be", [0x00, 0x3c]],
] as const;

/** Longer than an XML declaration. */
const maxDeclarationBytes = 200;

/** A decoder for the encoding of an XML document: that of its mark, or that which it declares, or UTF-8. */
export function decoderOf(start: Buffer): TextDecoder {
  const [marked] = byteOrderMarks.find(([, mark]) => mark.every((byte, i) => start[i] === byte)) ?? [];
  if (marked) return new TextDecoder(marked);
  const declaration = start.subarray(0, maxDeclarationBytes).toString("latin1");
  const [, declared = "utf-8"] =
    /^[^<]{0,3}<\?xml[^>]{0,100} encoding\s?=\s?["']([\w.:-]{1,40})["']/.exec(declaration) ?? [];
  try {
    // A declaration that can be read byte by byte is not one of UTF-16.
    return new TextDecoder(/^utf-?16/i.test(declared) ? "utf-8" : declared);
  } catch {
    return new TextDecoder();
  }
}
