import type { Archive } from "./archive";
import { encrypted, UnreadableError } from "./unreadable-error";
import { readXml } from "./xml";

const openXml = "application/vnd.openxmlformats-officedocument";
const openDocument = "application/vnd.oasis.opendocument";

export const archiveTypes = [
  `${openXml}.wordprocessingml.document`,
  `${openXml}.spreadsheetml.sheet`,
  `${openXml}.presentationml.presentation`,
  `${openDocument}.text`,
  `${openDocument}.spreadsheet`,
  `${openDocument}.presentation`,
] as const;

export type ArchiveType = (typeof archiveTypes)[number];

/** The declared types of main parts, without their endings. Templates, shows and files with macros are read like the others. */
const mainTypes: readonly (readonly [string, ArchiveType])[] = [
  [`${openXml}.wordprocessingml.document`, archiveTypes[0]],
  [`${openXml}.wordprocessingml.template`, archiveTypes[0]],
  ["application/vnd.ms-word.document.macroEnabled", archiveTypes[0]],
  ["application/vnd.ms-word.template.macroEnabledTemplate", archiveTypes[0]],
  [`${openXml}.spreadsheetml.sheet`, archiveTypes[1]],
  [`${openXml}.spreadsheetml.template`, archiveTypes[1]],
  ["application/vnd.ms-excel.sheet.macroEnabled", archiveTypes[1]],
  ["application/vnd.ms-excel.template.macroEnabled", archiveTypes[1]],
  [`${openXml}.presentationml.presentation`, archiveTypes[2]],
  [`${openXml}.presentationml.slideshow`, archiveTypes[2]],
  [`${openXml}.presentationml.template`, archiveTypes[2]],
  ["application/vnd.ms-powerpoint.presentation.macroEnabled", archiveTypes[2]],
  ["application/vnd.ms-powerpoint.slideshow.macroEnabled", archiveTypes[2]],
  ["application/vnd.ms-powerpoint.template.macroEnabled", archiveTypes[2]],
];
const typesByMainType = new Map(mainTypes.map(([type, read]) => [`${type}.main+xml`.toLowerCase(), read]));

const contentTypes = "[Content_Types].xml";
const manifest = "META-INF/manifest.xml";

/** It names each part; those of a presentation with ten thousand slides fit. */
const maxListBytes = 2_000_000;

/**
 * Detects by the declared type of the main part, because several formats have the same other parts.
 *
 * @throws {UnreadableError} if it is encrypted
 */
export async function archiveTypeOf(archive: Archive): Promise<ArchiveType | undefined> {
  if (archive.has(contentTypes)) return openXmlType(archive);
  const listed = archive.has(manifest) ? await manifestOf(archive) : undefined;
  const declared = archive.has("mimetype") ? await archive.text("mimetype", 100).catch(() => "") : (listed?.type ?? "");
  const type = archiveTypes.find((each) => declared.trim().replace(/-template$/, "") === each);
  if (type && listed?.isEncrypted) throw encrypted();
  return type;
}

async function openXmlType(archive: Archive): Promise<ArchiveType | undefined> {
  let type: ArchiveType | undefined;
  await listIn(archive, contentTypes, (name, { ContentType = "" }) => {
    if (name === "Override" || name === "Default") type ??= typesByMainType.get(ContentType.toLowerCase());
  });
  return type;
}

async function manifestOf(archive: Archive): Promise<{ readonly type: string; readonly isEncrypted: boolean }> {
  let [type, isEncrypted] = ["", false];
  await listIn(archive, manifest, (name, attributes) => {
    if (name === "manifest:encryption-data") isEncrypted = true;
    if (attributes["manifest:full-path"] === "/") type = attributes["manifest:media-type"] ?? "";
  });
  return { type, isEncrypted };
}

/** Reads a list of parts as far as it is one: whatever is wrong with the document is found when it is read. */
async function listIn(
  archive: Archive,
  part: string,
  open: (name: string, attributes: Readonly<Record<string, string>>) => void,
): Promise<void> {
  await readXml(archive.chunks(part, maxListBytes), { open }).catch((error: unknown) => {
    if (!(error instanceof UnreadableError)) throw error;
  });
}
