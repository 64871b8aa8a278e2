const maxChars = 255;

/** The last part of a client's filename, without control and bidirectional formatting characters. */
export function safeFilename(filename: string): string {
  const basename = filename.split(/[/\\]/).at(-1) ?? "";
  const clean = basename
    .toWellFormed()
    .normalize("NFC")
    .replace(/[\p{Cc}\p{Cf}]/gu, "")
    .trim();
  const name = [...clean].slice(0, maxChars).join("");
  return /^\.*$/.test(name) ? "document" : name;
}
