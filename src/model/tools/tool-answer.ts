import { z } from "zod";
import type { ToolAnswer } from "./tool-server";

/** The longest result that a model is told of and that is kept, in characters. */
const maxResultChars = 50_000;

const content = z.object({ type: z.string(), text: z.unknown().optional() });
const result = z.object({
  content: z.array(content).default([]),
  structuredContent: z.unknown().optional(),
  isError: z.boolean().default(false),
});

/** What a tool gave, as a text. Pictures and the like are named, and left out. */
export function answerOf(given: unknown): ToolAnswer {
  const { success, data } = result.safeParse(given);
  if (!success) return failed("The tool gave what can't be understood.");
  const parts = data.content.map(({ type, text }) =>
    type === "text" && typeof text === "string" ? text : `[${type}]`,
  );
  const isStructured = parts.length === 0 && data.structuredContent !== undefined;
  const text = (isStructured ? JSON.stringify(data.structuredContent) : parts.join("\n")).toWellFormed();
  if (text.length > maxResultChars) {
    return failed(
      `The tool's result was left out, as it has more than ${maxResultChars.toLocaleString("en")} characters.`,
    );
  }
  return { text: text.replaceAll("\0", ""), isError: data.isError };
}

export const failed = (text: string): ToolAnswer => ({ text, isError: true });
