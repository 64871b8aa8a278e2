/** Texts that a spreadsheet would take for a formula are marked as text. */
const neutral = (text: string): string => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);

const cell = (value: string | number | null): string => {
  if (value === null) return "";
  const text = typeof value === "number" ? String(value) : neutral(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** A table as comma-separated values. */
export const csvOf = (heads: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string =>
  [heads, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
