import type { TextDecoder } from "node:util";
import { SaxesParser } from "saxes";
import { decoderOf } from "./xml-encoding";
import { damaged, nestedTooDeeply } from "./unreadable-error";
import { prefixOf } from "./xml-namespaces";

export type Attributes = Readonly<Record<string, string>>;

/** Names have the usual prefixes of their namespaces (`xml-namespaces.ts`), whatever prefixes the document has. */
export interface XmlHandler {
  open?(name: string, attributes: Attributes): void;
  text?(text: string): void;
  close?(name: string): void;
}

/** Far more than any document has. The parser looks for a namespace in all elements around a name. */
const maxDepth = 500;

/** Errors in names only; the names are understood all the same. */
const isHarmless = (message: string): boolean => /unbound namespace prefix|duplicate attribute/.test(message);

/**
 * Parses an XML document as it comes, and stops after each chunk. Entities that the document declares are not expanded.
 *
 * @throws {UnreadableError} if it is not well-formed
 */
export async function* parseXml(chunks: AsyncIterable<Buffer>, handler: XmlHandler): AsyncGenerator<void> {
  const parser = new SaxesParser({ xmlns: true });
  parser.on("error", (error) => {
    if (!isHarmless(error.message)) damaged(error);
  });
  let depth = 0;
  parser.on("opentag", ({ uri, prefix, local, attributes }) => {
    if (++depth > maxDepth) throw nestedTooDeeply();
    handler.open?.(nameOf(uri, prefix, local), named(attributes));
  });
  parser.on("text", (text) => handler.text?.(text));
  parser.on("cdata", (text) => handler.text?.(text));
  parser.on("closetag", ({ uri, prefix, local }) => {
    depth--;
    handler.close?.(nameOf(uri, prefix, local));
  });
  let decoder: TextDecoder | undefined;
  for await (const chunk of chunks) {
    decoder ??= decoderOf(chunk);
    parser.write(decoder.decode(chunk, { stream: true }));
    yield;
  }
  parser.write(decoder?.decode() ?? "").close();
  yield;
}

/** As `parseXml`, to the end. */
export async function readXml(chunks: AsyncIterable<Buffer>, handler: XmlHandler): Promise<void> {
  const parsing = parseXml(chunks, handler);
  while (!(await parsing.next()).done);
}

interface NamedAttribute {
  readonly uri: string;
  readonly prefix: string;
  readonly local: string;
  readonly value: string;
}

function named(attributes: Readonly<Record<string, NamedAttribute>>): Attributes {
  const values: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const { uri, prefix, local, value } of Object.values(attributes)) values[nameOf(uri, prefix, local)] = value;
  return values;
}

/** A prefix that stands for no namespace is taken as what it usually stands for. */
function nameOf(uri: string, prefix: string, local: string): string {
  const usual = prefixOf(uri) ?? (uri === prefix ? prefix : "?");
  return usual === "" ? local : `${usual}:${local}`;
}

/** Whether a boolean attribute or element of Office Open XML is set; it is if it has no value. */
export const isOn = (value: string | undefined): boolean => !["0", "false", "off"].includes(value ?? "");
