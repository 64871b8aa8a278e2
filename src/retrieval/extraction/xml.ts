import { SaxesParser } from "saxes";
import { UnreadableError } from "./unreadable-error";

export type Attributes = Readonly<Record<string, string>>;

/** What is to be done at each mark and text of an XML document. Names are as they stand there, with their prefix. */
export interface XmlHandler {
  open?(name: string, attributes: Attributes): void;
  text?(text: string): void;
  close?(name: string): void;
}

/**
 * Goes through an XML document in its order. Entities that it declares itself are not expanded.
 *
 * @throws Unreadable where it is not well-formed
 */
export function readXml(xml: string, reader: XmlHandler): void {
  const parser = new SaxesParser();
  parser.on("error", ({ message }) => {
    throw new UnreadableError(`It is damaged: ${message.slice(0, 200)}.`);
  });
  parser.on("opentag", ({ name, attributes }) => reader.open?.(name, attributes));
  parser.on("text", (text) => reader.text?.(text));
  parser.on("cdata", (text) => reader.text?.(text));
  parser.on("closetag", ({ name }) => reader.close?.(name));
  parser.write(xml).close();
}
