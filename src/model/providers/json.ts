import type { ReceivedEvent } from "../../platform/outbound/server-sent-events";

export type Json = Record<string, unknown>;

export const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** @returns undefined if the text is no JSON */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The text by which OpenAI's chat completions end. */
export const done = "[DONE]";

/**
 * The texts in an event that are each one chunk: usually one. Some servers send events without data to keep a connection
 * open, or several chunks in the lines of one event. A last chunk that is cut off is left out.
 */
export function linesOf({ data, isLast }: Pick<ReceivedEvent, "data" | "isLast">): string[] {
  const isOne = !data.includes("\n") || parsed(data) !== undefined;
  const lines = isOne ? [data.replaceAll("\n", " ")] : data.split("\n");
  const isWhole = (line: string) => !isLast || line.trim() === done || parsed(line) !== undefined;
  return lines.filter((line) => line.trim() !== "" && isWhole(line));
}
