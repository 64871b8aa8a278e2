import { z } from "zod";
import type { ToolResult } from "./tool-server";

const maxResultChars = 50_000;

const content = z.object({ type: z.string(), text: z.unknown().optional() });
const callToolResult = z.object({
  content: z.array(content).default([]),
  structuredContent: z.unknown().optional(),
  isError: z.boolean().default(false),
});

/** Turns an MCP result into text. Content of other types, such as an image, is replaced by its type in brackets. */
export function parseToolResult(raw: unknown): ToolResult {
  const { success, data } = callToolResult.safeParse(raw);
  if (!success) return toolError("The tool returned an invalid result.");
  const parts = data.content.map(({ type, text }) =>
    type === "text" && typeof text === "string" ? text : `[${type}]`,
  );
  const isStructured = parts.length === 0 && data.structuredContent !== undefined;
  const text = (isStructured ? JSON.stringify(data.structuredContent) : parts.join("\n")).toWellFormed();
  if (text.length > maxResultChars) {
    const limit = maxResultChars.toLocaleString("en");
    return toolError(`The tool's result was omitted because it has more than ${limit} characters.`);
  }
  return { text: text.replaceAll("\0", ""), isError: data.isError };
}

export const toolError = (text: string): ToolResult => ({ text, isError: true });
