import type { Archive } from "./archive";
import { BlockPassages } from "./blocks";
import { OpenText } from "./open-text";
import type { Passage } from "./passage";
import { parseXml, readXml } from "./xml";

/**
 * The sentences of an OpenDocument text with its headers, footers and notes, and the rows of its tables, under its
 * headings.
 *
 * @throws {UnreadableError}
 */
export async function* openDocumentPassages(archive: Archive): AsyncGenerator<Passage> {
  if (archive.has("styles.xml")) yield* passagesIn(archive, "styles.xml", new OpenText(false));
  yield* passagesIn(archive, "content.xml", new OpenText(true, await formulasOf(archive)));
}

async function* passagesIn(archive: Archive, path: string, text: OpenText): AsyncGenerator<Passage> {
  const passages = new BlockPassages();
  for await (const _ of parseXml(archive.chunks(path), text)) {
    for (const block of text.blocks.splice(0)) yield* passages.add(block);
  }
  yield* passages.end();
}

/** More than any document has; each is read before the text. */
const maxFormulas = 1_000;

/** The formulas, which are documents of their own in the folders that the text names. */
async function formulasOf(archive: Archive): Promise<ReadonlyMap<string, string>> {
  const formulas = new Map<string, string>();
  const objects = archive.names.filter((name) => /^[^/]+\/content\.xml$/.test(name)).slice(0, maxFormulas);
  for (const path of objects) {
    const formula = await formulaIn(archive, path);
    if (formula !== "") formulas.set(path.slice(0, path.indexOf("/")), formula);
  }
  return formulas;
}

/** The formula as it was typed, or else its signs. */
async function formulaIn(archive: Archive, path: string): Promise<string> {
  let [typed, signs] = ["", ""];
  let isTyped = false;
  let isMath = false;
  await readXml(archive.chunks(path), {
    open(name) {
      isMath ||= name === "math:math";
      if (name === "math:annotation") isTyped = true;
    },
    text(text) {
      if (isTyped) typed += text;
      else if (isMath) signs += text.trim();
    },
    close(name) {
      if (name === "math:annotation") isTyped = false;
    },
  });
  return typed.trim() || signs;
}
