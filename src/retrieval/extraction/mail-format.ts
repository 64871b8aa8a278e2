/** The first line of a mail, and fields that no other text has below each other. */
const firstField =
  /^(?:From \S+ [^\n]{0,60}\d{4}|(?:[A-Z][\w-]{0,60}|from|to|subject|date|received): ?[^\n]{0,2000}\r?$)/m;
const fields =
  /^(?:from|to|cc|subject|date|message-id|mime-version|received|content-type|content-transfer-encoding|return-path|reply-to|sender):/gim;
const minFields = 3;

/** A program may have added a line that is no field. */
const maxOtherLines = 1;

/** The length of what may stand before a mail: a byte order mark, empty lines, and the line of a mailbox as it is quoted. */
export function skippedChars(text: string): number {
  const [skipped = ""] = /^(?:\u00ef\u00bb\u00bf)?\s*(?:>From [^\n]{0,200}\n)?/.exec(text.slice(0, 20_000)) ?? [];
  return skipped.length;
}

/** Whether a text begins with the fields of a mail (RFC 5322). */
export function isMail(text: string): boolean {
  const start = skippedChars(text);
  const head = text.slice(start, start + 20_000).split(/\r?\n\r?\n/, 1)[0] ?? "";
  if (firstField.exec(head)?.index !== 0) return false;
  const lines = head.split(/\r?\n/);
  const isField = (line: string) => /^(?:[!-9;-~]{1,80}:|[ \t]|From )/.test(line);
  const names = new Set(head.match(fields)?.map((name) => name.toLowerCase()));
  const others = lines.filter((line) => !isField(line)).length;
  return others <= maxOtherLines && names.size >= minFields && (names.has("from:") || names.has("received:"));
}
