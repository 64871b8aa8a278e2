import { posix } from "node:path";
import type { Archive } from "./archive";
import { readXml } from "./xml";

/** A part of an Office document that another part refers to. */
export interface RelatedPart {
  readonly path: string;
  /** The last part of its URI, such as `worksheet`; the URIs differ between the transitional and the strict form. */
  readonly type: string;
}

/**
 * The parts that a part refers to and that exist, by relationship id (ECMA-376, part 2, section 9.3).
 *
 * @param part `/` for the document itself
 */
export async function relationsOf(archive: Archive, part: string): Promise<ReadonlyMap<string, RelatedPart>> {
  const relations = new Map<string, RelatedPart>();
  const path = posix.join(posix.dirname(part), "_rels", `${posix.basename(part)}.rels`).replace(/^\//, "");
  if (!archive.has(path)) return relations;
  await readXml(archive.chunks(path), {
    open(name, { Id, Target, Type = "", TargetMode }) {
      if (name !== "Relationship" || Id === undefined || Target === undefined || TargetMode === "External") return;
      const target = posix.join("/", Target.startsWith("/") ? "" : posix.dirname(part), Target).slice(1);
      if (archive.has(target)) relations.set(Id, { path: target, type: Type.slice(Type.lastIndexOf("/") + 1) });
    },
  });
  return relations;
}

/** The paths of the related parts of a type, each once. */
export const pathsOf = (relations: ReadonlyMap<string, RelatedPart>, type: string): string[] => [
  ...new Set([...relations.values()].filter((related) => related.type === type).map(({ path }) => path)),
];

/** The path of the main part of an Office document. */
export const mainPartOf = async (archive: Archive, usual: string): Promise<string> =>
  pathsOf(await relationsOf(archive, "/"), "officeDocument")[0] ?? usual;
