import { SaxesParser } from "saxes";
import { UnreadableError } from "./unreadable-error";

export type Attributes = Readonly<Record<string, string>>;

/** Names include their namespace prefix, as written in the document. */
export interface XmlHandler {
  open?(name: string, attributes: Attributes): void;
  text?(text: string): void;
  close?(name: string): void;
}

/**
 * Parses an XML document. Entities that the document declares are not expanded.
 *
 * @throws {UnreadableError} if it is not well-formed
 */
export function readXml(xml: string, handler: XmlHandler): void {
  const parser = new SaxesParser();
  parser.on("error", ({ message }) => {
    throw new UnreadableError(`It is damaged: ${message.slice(0, 200)}.`);
  });
  parser.on("opentag", ({ name, attributes }) => handler.open?.(name, attributes));
  parser.on("text", (text) => handler.text?.(text));
  parser.on("cdata", (text) => handler.text?.(text));
  parser.on("closetag", ({ name }) => handler.close?.(name));
  parser.write(xml).close();
}
