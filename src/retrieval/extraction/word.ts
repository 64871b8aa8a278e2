import type { Archive } from "./archive";
import { BlockPassages } from "./blocks";
import { chartBlocks, drawingBlocks } from "./drawing";
import type { Passage } from "./passage";
import { mainPartOf, pathsOf, type RelatedPart, relationsOf } from "./relations";
import { decoded } from "./encoding";
import { UnreadableError } from "./unreadable-error";
import { type EmbeddedPart, WordBody } from "./word-body";
import { type WordStyle, wordStyles } from "./word-styles";
import { parseXml } from "./xml";

/**
 * The sentences of a Word document with its headers, footers and notes, and the rows of its tables, under its headings.
 *
 * @throws {UnreadableError}
 */
export async function* wordPassages(archive: Archive): AsyncGenerator<Passage> {
  const main = await mainPartOf(archive, "word/document.xml");
  const relations = await relationsOf(archive, main);
  const styles = await wordStyles(archive, pathsOf(relations, "styles")[0]);
  yield* repeatedPassages(archive, pathsOf(relations, "header"), styles);
  yield* partPassages(archive, main, styles, relations);
  for (const type of ["footnotes", "endnotes"]) {
    for (const path of pathsOf(relations, type)) yield* partPassages(archive, path, styles);
  }
  yield* repeatedPassages(archive, pathsOf(relations, "footer"), styles);
}

/** The headers and footers of first, odd and even pages mostly say the same. */
async function* repeatedPassages(
  archive: Archive,
  paths: readonly string[],
  styles: ReadonlyMap<string, WordStyle>,
): AsyncGenerator<Passage> {
  const seen = new Set<string>();
  for (const path of paths) {
    for await (const passage of partPassages(archive, path, styles)) {
      if (!seen.has(passage.quote)) yield passage;
      seen.add(passage.quote);
    }
  }
}

async function* partPassages(
  archive: Archive,
  path: string,
  styles: ReadonlyMap<string, WordStyle>,
  relations?: ReadonlyMap<string, RelatedPart>,
): AsyncGenerator<Passage> {
  const body = new WordBody(styles);
  const passages = new BlockPassages();
  // A part that is named twice is read once, as each reading unpacks it.
  const parts = new Map(relations);
  for await (const _ of parseXml(archive.chunks(path), body)) {
    for (const block of body.blocks.splice(0)) {
      if (!("kind" in block)) yield* passages.add(block);
      else {
        const part = parts.get(block.id);
        parts.delete(block.id);
        if (part) yield* embeddedPassages(archive, block.kind, part.path, passages);
      }
    }
  }
  yield* passages.end();
}

async function* embeddedPassages(
  archive: Archive,
  kind: EmbeddedPart["kind"],
  path: string,
  passages: BlockPassages,
): AsyncGenerator<Passage> {
  if (kind === "altChunk") yield* chunkPassages(archive, path);
  else {
    for (const block of await (kind === "chart" ? chartBlocks : drawingBlocks)(archive, path))
      yield* passages.add(block);
  }
}

/** The sentences of a document in another format that Word shows as part of this one. */
async function* chunkPassages(archive: Archive, path: string): AsyncGenerator<Passage> {
  const extension = path.slice(path.lastIndexOf(".") + 1).toLowerCase();
  const { markdownPassages, plainPassages } = await import("./prose.js");
  if (/^x?html?$/.test(extension)) {
    const { readableText } = await import("./web-page.js");
    yield* markdownPassages(readableText(textIn(await archive.bytes(path))));
  } else if (extension === "txt") yield* plainPassages(textIn(await archive.bytes(path)));
  else {
    throw new UnreadableError(
      `A part of it is in another format (.${extension.slice(0, 10)}). Open it in Word and save it again.`,
    );
  }
}

function textIn(bytes: Buffer): string {
  const text = decoded(bytes, true);
  if (text === undefined) throw new UnreadableError("A part of it is no text. Open it in Word and save it again.");
  return text;
}
