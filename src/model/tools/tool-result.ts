import { isRecord, type Json } from "../json";
import type { ToolImage, ToolResult } from "./tool-server";

const maxResultChars = 50_000;
/** Of all images of a result together, as base64. */
const maxImageChars = 2_000_000;
const imageTypes: ReadonlySet<unknown> = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);
/** Structured content with more values than this is not compared with the text. */
const maxComparedValues = 100;

/**
 * Turns an MCP result into what a model is told: text as it is, the text of resources, the addresses of links and of
 * other resources, structured content that the text does not have as JSON, and the types of the rest in brackets.
 */
export function parseToolResult(raw: unknown): ToolResult {
  const { content, structuredContent = null, isError } = resultOf(raw);
  if (content != null && typeof content !== "object" && typeof content !== "string") {
    return toolError("The tool returned an invalid result.");
  }
  const parts: unknown[] = Array.isArray(content) ? content : content == null ? [] : [content];
  const text = parts.map(textOf).join("\n");
  const structured =
    structuredContent === null || isToldBy(text, structuredContent) ? "" : JSON.stringify(structuredContent);
  const told = [text, structured].filter((each) => each !== "").join("\n");
  const images = imagesIn(parts);
  return { text: cut(told), isError: isError === true, ...(images.length > 0 && { images }) };
}

/** The result in the form of the protocol. Some servers return the content or the value itself, or have the form of 2024. */
function resultOf(raw: unknown): Json {
  if (raw == null) return {};
  if (typeof raw === "string") return { content: raw };
  if (Array.isArray(raw)) return raw.length > 0 && raw.every(isPart) ? { content: raw } : { structuredContent: raw };
  if (!isRecord(raw)) return { structuredContent: raw };
  if (raw["content"] != null || raw["structuredContent"] != null) return raw;
  const { isError, toolResult } = raw;
  if (toolResult != null) return { ...resultOf(toolResult), isError };
  const values = Object.entries(raw).filter(([name]) => !namesOfProtocol.has(name));
  return { isError, ...(values.length > 0 && { structuredContent: Object.fromEntries(values) }) };
}

const namesOfProtocol: ReadonlySet<string> = new Set(["content", "structuredContent", "isError", "_meta"]);

const isPart = (value: unknown): boolean => isRecord(value) && typeof value["type"] === "string";

export const toolError = (text: string): ToolResult => ({ text, isError: true });

function textOf(part: unknown): string {
  if (typeof part === "string") return part;
  if (!isRecord(part)) return "[unknown]";
  const { type, text, resource } = part;
  if (type === "resource" && isRecord(resource)) {
    const { text: inner, uri } = resource;
    return typeof inner === "string" ? inner : typeof uri === "string" ? `[resource ${uri}]` : "[resource]";
  }
  if (type === "resource_link") {
    const { name, title, uri, description } = part;
    const label = [title ?? name, description].filter((each) => typeof each === "string" && each !== "").join(", ");
    const told = [label, uri].filter((each) => typeof each === "string" && each !== "").join(": ");
    return told === "" ? "[resource_link]" : told;
  }
  return typeof text === "string" ? text : `[${typeof type === "string" ? type : "unknown"}]`;
}

/** Whether a text has the values of structured content already, as a server should put them there. */
function isToldBy(text: string, structured: unknown): boolean {
  const values: unknown[] = [structured];
  for (let i = 0, compared = 0; i < values.length && compared < maxComparedValues; i++) {
    const value = values[i];
    if (typeof value === "object" && value !== null) {
      const inner: unknown[] = Object.values(value);
      values.push(...inner.slice(0, maxComparedValues));
    } else if (value !== null) {
      compared++;
      if (!text.includes(typeof value === "string" ? value : JSON.stringify(value))) return false;
    }
  }
  return text !== "" || values.length === 1;
}

function imagesIn(parts: readonly unknown[]): ToolImage[] {
  const images: ToolImage[] = [];
  let chars = 0;
  for (const part of parts) {
    const image = isRecord(part) ? imageOf(part) : undefined;
    if (image && (chars += image.data.length) <= maxImageChars) images.push(image);
  }
  return images;
}

/** An image, or a resource that is one. */
function imageOf(part: Json): ToolImage | undefined {
  const source = part["type"] === "resource" && isRecord(part["resource"]) ? part["resource"] : part;
  const data = source === part ? (part["type"] === "image" ? part["data"] : undefined) : source["blob"];
  const mediaType = source["mimeType"];
  if (typeof data !== "string" || typeof mediaType !== "string" || !imageTypes.has(mediaType)) return undefined;
  return /^[A-Za-z0-9+/]+={0,2}$/.test(data) ? { data, mediaType } : undefined;
}

function cut(text: string): string {
  const clean = (part: string) => part.replaceAll("\0", "").toWellFormed();
  if (text.length <= maxResultChars) return clean(text);
  const [max, all] = [maxResultChars, text.length].map((chars) => chars.toLocaleString("en"));
  return `${clean(text.slice(0, maxResultChars))}\n[The result was cut: these are the first ${max} of its ${all} characters.]`;
}
