const maxLength = 255;

/** What a client's filename may be called by: its last part, without what controls a terminal or turns text around. */
export function safeFilename(given: string): string {
  const last = given.split(/[/\\]/).at(-1) ?? "";
  const clean = last
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}]/gu, "")
    .trim();
  const name = [...clean].slice(0, maxLength).join("");
  return /^\.*$/.test(name) ? "document" : name;
}
