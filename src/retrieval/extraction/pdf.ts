import type { Passage } from "./passage";
import { plainPassages } from "./prose";
import { damaged, encrypted, UnreadableError } from "./unreadable-error";

/** A part of the text of a page, as returned by PDF.js. */
interface TextItem {
  readonly str: string;
  /** The last two numbers are the position: to the right, and upwards. */
  readonly transform: readonly number[];
  readonly height: number;
  readonly hasEOL: boolean;
}

interface Line {
  text: string;
  readonly y: number;
  height: number;
}

/** A larger gap, in multiples of the line height, separates paragraphs. */
const maxLineGap = 1.8;

/** A larger ratio of two line heights separates a heading from its text. */
const maxHeightRatio = 1.15;

/**
 * The sentences of each page of a PDF.
 *
 * @throws {UnreadableError} if it is damaged, encrypted, or has no text
 */
export async function* pdfPassages(bytes: Buffer): AsyncGenerator<Passage> {
  const { getDocumentProxy } = await import("unpdf");
  const document = await getDocumentProxy(new Uint8Array(bytes), { verbosity: 0, isEvalSupported: false }).catch(
    (error: unknown) => {
      if (error instanceof Error && error.name === "PasswordException") throw encrypted();
      return damaged(error);
    },
  );

  let hasText = false;
  for (let number = 1; number <= document.numPages; number++) {
    const page = await document.getPage(number).catch(damaged);
    const { items } = await page.getTextContent().catch(damaged);
    for (const passage of plainPassages(textOf(items.filter((item) => "str" in item)))) {
      hasText = true;
      yield { ...passage, page: number };
    }
    page.cleanup();
  }
  if (!hasText) {
    throw new UnreadableError("It has no text, as is usual for scans. Upload a version with recognized text (OCR).");
  }
}

/** The text of a page, with an empty line after each paragraph that the layout shows. */
function textOf(items: readonly TextItem[]): string {
  let text = "";
  let last: Line | undefined;
  for (const line of linesOf(items)) {
    if (last) text += isNewParagraph(last, line) ? "\n\n" : "\n";
    text += line.text;
    last = line;
  }
  return text;
}

function* linesOf(items: readonly TextItem[]): Generator<Line> {
  let line: Line | undefined;
  for (const { str, transform, height, hasEOL } of items) {
    line ??= { text: "", y: transform[5] ?? 0, height };
    line.text += str;
    line.height = Math.max(line.height, height);
    if (!hasEOL) continue;
    if (line.text.trim() !== "") yield line;
    line = undefined;
  }
  if (line) yield line;
}

function isNewParagraph(above: Line, below: Line): boolean {
  const [small = 0, large = 0] = [above.height, below.height].sort((one, other) => one - other);
  const gap = above.y - below.y;
  // A text that continues further up is in another column.
  return gap < 0 || gap > maxLineGap * large || large > small * maxHeightRatio;
}
