import type { Archive } from "./archive";
import { chartBlocks, drawingBlocks } from "./drawing";
import type { Passage } from "./passage";
import { mainPartOf, relationsOf } from "./relations";
import { sentencesOf } from "./sentences";
import { SlideText } from "./slide-text";
import { isOn, readXml } from "./xml";

/**
 * The sentences of the slides of a presentation that are shown and of their notes, in the order of the slides, each under
 * the title of its slide. The number of the slide is the page.
 *
 * @throws {UnreadableError}
 */
export async function* slidePassages(archive: Archive): AsyncGenerator<Passage> {
  const main = await mainPartOf(archive, "ppt/presentation.xml");
  const relations = await relationsOf(archive, main);
  // A slide that is named twice is read once, as each reading unpacks it.
  for (const [i, id] of [...new Set(await slideIdsOf(archive, main))].entries()) {
    const path = relations.get(id)?.path;
    if (path === undefined) continue;

    const { title, paragraphs, isShown } = await slideOf(archive, path);
    if (!isShown) continue;
    if (title !== "" && paragraphs.length === 0) yield { quote: title, page: i + 1 };
    for (const paragraph of paragraphs) {
      for (const quote of sentencesOf(paragraph.replaceAll("\u00ad", ""))) {
        yield title === "" ? { quote, page: i + 1 } : { quote, heading: title, page: i + 1 };
      }
    }
  }
}

async function slideIdsOf(archive: Archive, main: string): Promise<string[]> {
  const ids: string[] = [];
  await readXml(archive.chunks(main), {
    open(name, attributes) {
      const id = attributes["r:id"];
      if (name === "p:sldId" && id !== undefined) ids.push(id);
    },
  });
  return ids;
}

interface Slide {
  readonly title: string;
  /** With the rows of tables, the text of charts and diagrams, and the notes. */
  readonly paragraphs: readonly string[];
  readonly isShown: boolean;
}

async function slideOf(archive: Archive, path: string): Promise<Slide> {
  const slide = new SlideText();
  await readXml(archive.chunks(path), slide);
  const relations = await relationsOf(archive, path);
  const paragraphs = [...slide.paragraphs];
  for (const [id, kind] of slide.embedded) {
    const part = relations.get(id);
    const blocks = part ? await (kind === "chart" ? chartBlocks : drawingBlocks)(archive, part.path) : [];
    for (const block of blocks) if ("paragraph" in block) paragraphs.push(block.paragraph);
  }
  const notesPath = [...relations.values()].find(({ type }) => type === "notesSlide")?.path;
  if (notesPath !== undefined) {
    const notes = new SlideText();
    await readXml(archive.chunks(notesPath), notes);
    for (const paragraph of notes.paragraphs) paragraphs.push(paragraph);
  }
  return { title: slide.title, paragraphs, isShown: isOn(slide.show) };
}
