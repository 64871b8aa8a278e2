import type { Archive } from "./archive";
import type { Block } from "./blocks";
import { readXml } from "./xml";

/** The paragraphs of a diagram (SmartArt) or a drawing with text boxes. */
export async function drawingBlocks(archive: Archive, path: string): Promise<Block[]> {
  const blocks: Block[] = [];
  let paragraph = "";
  let isText = false;
  await readXml(archive.chunks(path), {
    open(name) {
      if (name === "a:p") paragraph = "";
      else if (name === "a:t") isText = true;
      else if (name === "a:br") paragraph += "\n";
    },
    text(text) {
      if (isText) paragraph += text;
    },
    close(name) {
      if (name === "a:t") isText = false;
      else if (name === "a:p" && paragraph.trim() !== "") blocks.push({ paragraph: paragraph.trim() });
    },
  });
  return blocks;
}

interface Series {
  name: string;
  /** By their index. */
  readonly categories: Map<string, string>;
  readonly values: Map<string, string>;
}

const pointParts: Readonly<Record<string, "categories" | "values">> = {
  "c:cat": "categories",
  "c:xVal": "categories",
  "c:val": "values",
  "c:yVal": "values",
};

/** The titles of a chart, and a row for each point of its series: `Gadget Units 34`. */
export async function chartBlocks(archive: Archive, path: string): Promise<Block[]> {
  const titles: string[] = [];
  const series: Series[] = [];
  let [part, index, text] = ["", "", ""];
  let isText = false;
  await readXml(archive.chunks(path), {
    open(name, attributes) {
      if (name === "c:ser") series.push({ name: "", categories: new Map(), values: new Map() });
      else if (name === "c:tx" || name === "c:title" || name in pointParts) part = name;
      else if (name === "c:pt") index = attributes["idx"] ?? "";
      else if (name === "a:p" && part !== "") text = "";
      else if (name === "c:v" || name === "a:t") isText = true;
      if (name === "c:v") text = "";
    },
    text(added) {
      if (isText) text += added;
    },
    close(name) {
      if (name === "c:v" || name === "a:t") isText = false;
      const points = pointParts[part];
      const last = series.at(-1);
      if (name === "c:v" && points && last) last[points].set(index, text);
      else if (name === "c:v" && part === "c:tx" && last) last.name = text;
      else if (name === "a:p" && text.trim() !== "") titles.push(text.trim());
      if (name === part && name !== "c:tx") part = "";
      if (name === "a:p") text = "";
    },
  });
  const rows = series.flatMap(({ name, categories, values }) =>
    [...values].map(([at, value]) => [categories.get(at) ?? "", name, value].filter((each) => each !== "").join(" ")),
  );
  return [...titles, ...rows].map((paragraph) => ({ paragraph }));
}
