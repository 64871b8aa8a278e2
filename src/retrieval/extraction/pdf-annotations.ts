import { append, type Line } from "./pdf-layout";
import type { Piece } from "./pdf-piece";

/** As PDF.js returns it; what is here depends on its kind. */
export interface Annotation {
  readonly subtype?: string;
  readonly rect?: readonly number[];
  readonly hidden?: boolean;
  readonly annotationFlags?: number;
  readonly contentsObj?: { readonly str?: string };
  readonly textContent?: readonly string[];
  readonly fieldType?: string;
  readonly fieldValue?: unknown;
  readonly password?: boolean;
  readonly checkBox?: boolean;
  readonly radioButton?: boolean;
  readonly exportValue?: string;
  readonly buttonValue?: string;
  readonly options?: readonly { readonly exportValue: string; readonly displayValue: string }[];
}

/** Of an annotation that is shown neither on a screen nor on paper (ISO 32000-1, section 12.5.3). */
const hiddenFlags = 0b10;

const defaultSize = 10;
/** More than any page has; each is compared with all lines. */
const maxLabelled = 2_000;
/** The part of the height of a field that is below the line of its text. */
const descent = 0.25;

/**
 * Adds to the lines of a page what is typed onto it: the values of form fields, each to the line that it is on, and notes.
 */
export function addAnnotations(lines: Line[], annotations: readonly Annotation[]): void {
  let labelled = 0;
  for (const annotation of annotations) {
    const text = textOf(annotation).replaceAll("\r\n", "\n").replaceAll("\r", "\n").trim();
    const [left, bottom, right, top] = annotation.rect ?? [];
    if (text === "" || left === undefined || bottom === undefined || right === undefined || top === undefined) continue;
    const size = Math.min(top - bottom, defaultSize);
    const piece: Piece = {
      text,
      start: left,
      end: right,
      across: bottom + descent * (top - bottom),
      size,
      hasSpace: true,
      direction: "0",
    };
    const label = text.includes("\n") || labelled++ > maxLabelled ? undefined : labelOf(lines, piece, top - bottom);
    if (label) append(label, piece);
    else lines.push({ text, first: piece, last: piece, size, hasColumns: false });
  }
}

/** The line that ends nearest to the left of a field. */
function labelOf(lines: readonly Line[], field: Piece, height: number): Line | undefined {
  const beside = lines.filter(
    ({ last }) =>
      last.direction === field.direction &&
      Math.abs(last.across - field.across) <= height / 2 &&
      last.end <= field.start + last.size,
  );
  return beside.reduce<Line | undefined>(
    (nearest, line) => (nearest && nearest.last.end >= line.last.end ? nearest : line),
    undefined,
  );
}

function textOf(annotation: Annotation): string {
  if (annotation.hidden || annotation.password || ((annotation.annotationFlags ?? 0) & hiddenFlags) !== 0) return "";
  switch (annotation.subtype) {
    case "FreeText":
      return annotation.contentsObj?.str || (annotation.textContent ?? []).join("\n");
    case "Widget":
      // A field without a value may have an appearance that was typed.
      return valueOf(annotation) || (annotation.fieldType === "Tx" ? (annotation.textContent ?? []).join("\n") : "");
    default:
      return "";
  }
}

function valueOf({
  fieldType,
  fieldValue,
  checkBox,
  radioButton,
  exportValue,
  buttonValue,
  options,
}: Annotation): string {
  if (fieldType === "Btn") {
    const isChecked = (checkBox && fieldValue === exportValue) || (radioButton && fieldValue === buttonValue);
    return isChecked && typeof fieldValue === "string" ? checkMark : "";
  }
  const values = Array.isArray(fieldValue) ? fieldValue : [fieldValue];
  return values
    .filter((value): value is string => typeof value === "string")
    .map((value) => options?.find((option) => option.exportValue === value)?.displayValue ?? value)
    .join(", ");
}

const checkMark = "☑";
