import { posix } from "node:path";
import type { Archive } from "./archive";
import { readXml } from "./xml";
import type { Passage } from "./passage";
import { sentencesOf } from "./sentences";

const presentation = "ppt/presentation.xml";

interface Slide {
  readonly title: string;
  /** With the rows of tables. */
  readonly paragraphs: readonly string[];
}

/**
 * The sentences of the slides of a PPTX and of their notes, in the order of the slides, each under the title of its
 * slide. The number of the slide is the page.
 *
 * @throws {UnreadableError}
 */
export async function* slidePassages(archive: Archive): AsyncGenerator<Passage> {
  const relations = await relationsOf(archive, presentation);
  const order = slideIdsOf(await archive.text(presentation));
  for (const [i, id] of order.entries()) {
    const path = relations.get(id)?.path;
    if (path === undefined || !archive.has(path)) continue;

    const { title, paragraphs } = slideOf(await archive.text(path));
    if (title !== "" && paragraphs.length === 0) yield { quote: title, page: i + 1 };
    const notesPart = [...(await relationsOf(archive, path)).values()].find(({ type }) => type.endsWith("/notesSlide"));
    const notes =
      notesPart && archive.has(notesPart.path) ? slideOf(await archive.text(notesPart.path)).paragraphs : [];
    for (const paragraph of [...paragraphs, ...notes]) {
      for (const quote of sentencesOf(paragraph)) {
        yield title === "" ? { quote, page: i + 1 } : { quote, heading: title, page: i + 1 };
      }
    }
  }
}

/** The parts that a part refers to, by relationship id (ECMA-376, part 2, section 9.3). */
async function relationsOf(
  archive: Archive,
  part: string,
): Promise<ReadonlyMap<string, { readonly path: string; readonly type: string }>> {
  const relations = new Map<string, { path: string; type: string }>();
  const path = `${posix.dirname(part)}/_rels/${posix.basename(part)}.rels`;
  if (!archive.has(path)) return relations;
  readXml(await archive.text(path), {
    open(name, { Id, Target, Type }) {
      if (name !== "Relationship" || Id === undefined || Target === undefined) return;
      const target = posix.join("/", Target.startsWith("/") ? "" : posix.dirname(part), Target).slice(1);
      relations.set(Id, { path: target, type: Type ?? "" });
    },
  });
  return relations;
}

function slideIdsOf(xml: string): string[] {
  const ids: string[] = [];
  readXml(xml, {
    open(name, attributes) {
      const id = attributes["r:id"];
      if (name === "p:sldId" && id !== undefined) ids.push(id);
    },
  });
  return ids;
}

/** Placeholders that repeat on each slide: number, date, footer. */
const repeatedPlaceholders = new Set(["sldNum", "dt", "ftr", "hdr"]);

function slideOf(xml: string): Slide {
  let title = "";
  const paragraphs: string[] = [];
  let placeholder = "";
  let paragraph: string | undefined;
  let row: string[] | undefined;
  let isText = false;

  readXml(xml, {
    open(name, { type }) {
      if (name === "p:sp") placeholder = "";
      else if (name === "p:ph") placeholder = type ?? "";
      else if (name === "a:tr") row = [];
      else if (name === "a:p") paragraph = "";
      else if (name === "a:br" && paragraph !== undefined) paragraph += "\n";
      else if (name === "a:t") isText = true;
    },
    text(text) {
      if (isText && paragraph !== undefined) paragraph += text;
    },
    close(name) {
      if (name === "a:t") isText = false;
      else if (name === "a:tr" && row) {
        paragraphs.push(row.join(" "));
        row = undefined;
      } else if (name === "a:p" && paragraph !== undefined) {
        const trimmed = paragraph.trim();
        paragraph = undefined;
        if (trimmed === "" || repeatedPlaceholders.has(placeholder)) return;
        if (row) row.push(trimmed);
        else if (placeholder === "title" || placeholder === "ctrTitle") title = `${title} ${trimmed}`.trim();
        else paragraphs.push(trimmed);
      }
    },
  });
  return { title, paragraphs: paragraphs.filter((each) => each !== "") };
}
