import type { Archive } from "./archive";
import { isOn, readXml } from "./xml";

export interface WordStyle {
  /** From 1, if the style is one of headings. */
  readonly level: number | undefined;
  readonly isHidden: boolean;
}

interface Declared {
  name: string;
  base: string | undefined;
  level: number | undefined;
  isHidden: boolean | undefined;
}

export const maxLevel = 9;

/** More than any style has; styles may be based on each other in a circle. */
const maxBases = 20;

const headingName = /^heading ([1-9])$/i;

/** The styles of a Word document, by id. */
export async function wordStyles(archive: Archive, path: string | undefined): Promise<ReadonlyMap<string, WordStyle>> {
  const declared = new Map<string, Declared>();
  if (path === undefined) return new Map();
  let style: Declared | undefined;
  await readXml(archive.chunks(path), {
    open(name, attributes) {
      const value = attributes["w:val"];
      if (name === "w:style") {
        style = { name: "", base: undefined, level: undefined, isHidden: undefined };
        declared.set(attributes["w:styleId"] ?? "", style);
      } else if (!style) return;
      else if (name === "w:name") style.name = value ?? "";
      else if (name === "w:basedOn") style.base = value;
      else if (name === "w:outlineLvl") style.level = levelOf(value);
      else if (name === "w:vanish") style.isHidden = isOn(value);
    },
    close(name) {
      if (name === "w:style") style = undefined;
    },
  });
  return new Map([...declared.keys()].map((id) => [id, resolved(declared, id)]));
}

/** @param value from 0; 9 stands for a paragraph of text */
export function levelOf(value: string | undefined): number | undefined {
  const level = Number(value) + 1;
  return level >= 1 && level <= maxLevel ? level : undefined;
}

function resolved(declared: ReadonlyMap<string, Declared>, id: string): WordStyle {
  let style: Declared | undefined = declared.get(id);
  let level: number | undefined;
  let isHidden: boolean | undefined;
  for (let bases = 0; style && bases < maxBases; bases++) {
    const [, named] = headingName.exec(style.name) ?? [];
    level ??= style.level ?? (named === undefined ? undefined : Number(named));
    if (/^title$/i.test(style.name)) level ??= 1;
    isHidden ??= style.isHidden;
    style = style.base === undefined ? undefined : declared.get(style.base);
  }
  return { level, isHidden: isHidden ?? false };
}
