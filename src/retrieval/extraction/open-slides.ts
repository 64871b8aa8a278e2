import type { Archive } from "./archive";
import type { Block } from "./blocks";
import { OpenText } from "./open-text";
import type { Passage } from "./passage";
import { sentencesOf } from "./sentences";
import { type Attributes, parseXml, type XmlHandler } from "./xml";

/**
 * The sentences of the slides of an OpenDocument presentation that are shown and of their notes, each under the title of
 * its slide. The number of the slide is the page.
 *
 * @throws {UnreadableError}
 */
export async function* openSlidePassages(archive: Archive): AsyncGenerator<Passage> {
  const slides = new OpenSlides();
  for await (const _ of parseXml(archive.chunks("content.xml"), slides)) {
    for (const { page, isShown, title, blocks } of slides.found.splice(0)) {
      if (!isShown) continue;
      if (title !== "" && blocks.length === 0) yield { quote: title, page };
      for (const block of blocks) {
        const columns = "columns" in block ? block.columns : undefined;
        const heading = [title, columns].filter(Boolean).join(" › ");
        for (const quote of sentencesOf("title" in block ? block.title : block.paragraph)) {
          yield heading === "" ? { quote, page } : { quote, heading, page };
        }
      }
    }
  }
}

interface OpenSlide {
  readonly page: number;
  readonly isShown: boolean;
  title: string;
  blocks: Block[];
}

/** Collects the slides, whose paragraphs and tables are those of texts. */
class OpenSlides implements XmlHandler {
  readonly found: OpenSlide[] = [];
  private readonly content = new OpenText();
  private readonly hiddenStyles = new Set<string>();
  private style = "";
  private page = 0;
  private slide: OpenSlide | undefined;
  private isTitle = false;

  open(name: string, attributes: Attributes): void {
    if (name === "style:style") this.style = attributes["style:name"] ?? "";
    else if (name === "style:drawing-page-properties" && attributes["presentation:visibility"] === "hidden") {
      this.hiddenStyles.add(this.style);
    } else if (name === "draw:page") {
      const isShown = !this.hiddenStyles.has(attributes["draw:style-name"] ?? "");
      this.slide = { page: ++this.page, isShown, title: "", blocks: [] };
    } else if (name === "draw:frame") {
      this.takeBlocks();
      this.isTitle = attributes["presentation:class"] === "title";
    }
    this.content.open(name, attributes);
  }

  text(text: string): void {
    this.content.text(text);
  }

  close(name: string): void {
    this.content.close(name);
    if (name === "draw:frame") {
      this.takeBlocks();
      this.isTitle = false;
    } else if (name === "draw:page" && this.slide) {
      this.takeBlocks();
      this.found.push(this.slide);
      this.slide = undefined;
    }
  }

  private takeBlocks(): void {
    for (const block of this.content.blocks.splice(0)) {
      if (!this.slide) continue;
      if (this.isTitle && "paragraph" in block) this.slide.title = `${this.slide.title} ${block.paragraph}`.trim();
      else this.slide.blocks.push(block);
    }
  }
}
