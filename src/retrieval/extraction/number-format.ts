import { format, getFormatInfo, isValidFormat } from "numfmt";

/** The formats that a workbook names by number only (ECMA-376, part 1, section 18.8.30). */
const builtInFormats: Readonly<Record<number, string>> = {
  1: "0",
  2: "0.00",
  3: "#,##0",
  4: "#,##0.00",
  9: "0%",
  10: "0.00%",
  11: "0.00E+00",
  12: "# ?/?",
  13: "# ??/??",
  14: "yyyy-mm-dd",
  15: "d-mmm-yy",
  16: "d-mmm",
  17: "mmm-yy",
  18: "h:mm AM/PM",
  19: "h:mm:ss AM/PM",
  20: "h:mm",
  21: "h:mm:ss",
  22: "yyyy-mm-dd h:mm",
  ...Object.fromEntries([27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58].map((id) => [id, "yyyy-mm-dd"])),
  ...Object.fromEntries([32, 33, 34, 35, 55, 56].map((id) => [id, "h:mm:ss"])),
  37: "#,##0 ;(#,##0)",
  38: "#,##0 ;(#,##0)",
  39: "#,##0.00;(#,##0.00)",
  40: "#,##0.00;(#,##0.00)",
  45: "mm:ss",
  46: "[h]:mm:ss",
  47: "mm:ss.0",
  48: "##0.0E+0",
};

/** A limit of Excel. */
const maxFormatChars = 255;

export type NumberFormat = (value: number) => string;

/** The digits that a double has for sure, so that 0.1 + 0.2 is 0.3. */
const preciseDigits = 15;
const plain: NumberFormat = (value) => String(Number(value.toPrecision(preciseDigits)));

/**
 * Writes numbers as a workbook shows them, and dates in ISO 8601.
 *
 * @param code undefined for a format that is built in
 */
export function numberFormat(id: number, code: string | undefined, is1904: boolean): NumberFormat {
  const pattern = code ?? builtInFormats[id];
  if (pattern === undefined || pattern.length > maxFormatChars || !isValidFormat(pattern)) return plain;
  const { type } = getFormatInfo(pattern);
  if (type === "general" || type === "text") return plain;
  if (type === "date" || type === "datetime")
    return (value) => isoDate(value + (is1904 ? daysTo1904 : 0)) ?? plain(value);
  return (value) => {
    const shown = format(pattern, value, { throws: false }).trim();
    // A number that is hidden or does not fit the format.
    return shown === "" || shown.startsWith("#") ? plain(value) : shown;
  };
}

/** Between the first days of the two systems that workbooks count days by. */
const daysTo1904 = 1_462;
/** The number of 1970-01-01. */
const epochDay = 25_569;
/** Excel has a day in 1900 that there was not. */
const missingDay = 60;
const daySeconds = 86_400;

/** @returns undefined if the number is no date */
function isoDate(serial: number): string | undefined {
  const days = serial < missingDay ? serial + 1 : serial;
  const date = new Date(Math.round((days - epochDay) * daySeconds) * 1_000);
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() > 9_999) return undefined;
  return shortened(date.toISOString());
}

/** A date in ISO 8601, without a time at midnight, and without seconds at a full minute. */
export const shortened = (iso: string): string =>
  iso
    .replace("T", " ")
    .replace(/(?:\.\d{1,9})?Z?$/, "")
    .replace(/^(.{16}):00$/, "$1")
    .replace(/ 00:00$/, "");
