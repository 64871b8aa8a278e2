import { dirname, join } from "node:path";
import type { PDFDocumentProxy } from "pdfjs-dist/types/src/display/api";
import type { Passage } from "./passage";
import { addAnnotations, type Annotation } from "./pdf-annotations";
import { linesOf, textOf } from "./pdf-layout";
import { piecesOf } from "./pdf-pieces";
import { plainPassages } from "./prose";
import { damaged, encrypted, UnreadableError } from "./unreadable-error";
import { xfaText } from "./xfa";

/**
 * The sentences of each page of a PDF, with what is typed into its forms.
 *
 * @throws {UnreadableError} if it is damaged, encrypted, or has no text
 */
export async function* pdfPassages(bytes: Buffer): AsyncGenerator<Passage> {
  const document = await opened(bytes);
  const read = { chars: 0, unreadableChars: 0, hasPassages: false, hasFields: false };
  for (let number = 1; number <= document.numPages; number++) {
    const { text, unreadableChars, hasFields } = await pageOf(document, number);
    if (number === 1 && isXfaPlaceholder.test(text) && (await isXfa(document))) throw unreadableForm();
    read.chars += text.replace(/\s/g, "").length;
    read.unreadableChars += unreadableChars;
    read.hasFields ||= hasFields;
    for (const passage of plainPassages(text)) {
      read.hasPassages = true;
      yield { ...passage, page: number };
    }
  }
  if (read.unreadableChars > read.chars || (!read.hasPassages && read.chars >= minSigns)) {
    throw new UnreadableError(
      "Its fonts do not say which letters they show. Upload a version with recognized text (OCR).",
    );
  }
  if (read.hasPassages) return;
  if (await isXfa(document)) throw unreadableForm();
  throw new UnreadableError(
    read.hasFields
      ? "It has no text: the fields of its form are empty."
      : "It has no text, as is usual for scans. Upload a version with recognized text (OCR).",
  );
}

/** If so many signs have no letter or digit among them, they are not what the page shows. */
const minSigns = 10;

/** The only page of a form in XFA, for programs that do not know them. */
const isXfaPlaceholder = /^\s*Please wait/i;

async function isXfa(document: PDFDocumentProxy): Promise<boolean> {
  const { info } = await document.getMetadata().catch(damaged);
  return !document.isPureXfa && "IsXFAPresent" in info && info.IsXFAPresent === true;
}

const unreadableForm = () =>
  new UnreadableError("It is a form in XFA, which can't be read. Open it in Adobe Acrobat, and print it into a PDF.");

/** Classes of browsers that the library names when it is loaded, and uses only to draw. */
const drawingClasses = ["DOMMatrix", "ImageData", "Path2D"];

async function opened(bytes: Buffer): Promise<PDFDocumentProxy> {
  for (const name of drawingClasses) Reflect.set(globalThis, name, class {});
  const open = await openerOf(bytes);
  return open({ enableXfa: true })
    .catch((error: unknown) => {
      // A form in XFA that can't be laid out.
      if (error instanceof Error && error.name === "UnknownErrorException") return open({ enableXfa: false });
      throw error;
    })
    .catch((error: unknown) => {
      if (error instanceof Error && error.name === "PasswordException") throw encrypted();
      return damaged(error);
    });
}

async function openerOf(bytes: Buffer): Promise<(options: { enableXfa: boolean }) => Promise<PDFDocumentProxy>> {
  const { getDocument } = await import("pdfjs-dist/legacy/build/pdf.mjs");
  const folder = dirname(require.resolve("pdfjs-dist/package.json"));
  return (options) =>
    getDocument({
      ...options,
      data: new Uint8Array(bytes),
      verbosity: 0,
      isEvalSupported: false,
      useWasm: false,
      useSystemFonts: false,
      disableFontFace: true,
      // The letters of Chinese, Japanese and Korean fonts that are not embedded, and the widths of the standard fonts.
      cMapUrl: join(folder, "cmaps/"),
      standardFontDataUrl: join(folder, "standard_fonts/"),
    }).promise;
}

interface ReadPage {
  readonly text: string;
  readonly unreadableChars: number;
  readonly hasFields: boolean;
}

async function pageOf(document: PDFDocumentProxy, number: number): Promise<ReadPage> {
  const page = await document.getPage(number).catch(damaged);
  try {
    if (document.isPureXfa) {
      const form = await page.getXfa();
      return { text: form ? xfaText(form) : "", unreadableChars: 0, hasFields: true };
    }
    const { pieces, unreadableChars } = piecesOf(await page.getTextContent().catch(damaged));
    const lines = linesOf(pieces);
    // Annotations that can't be read do not make the page unreadable.
    const annotations = (await page.getAnnotations().catch(() => [])) as Annotation[];
    addAnnotations(lines, annotations);
    return { text: textOf(lines), unreadableChars, hasFields: annotations.some(({ subtype }) => subtype === "Widget") };
  } finally {
    page.cleanup();
  }
}
