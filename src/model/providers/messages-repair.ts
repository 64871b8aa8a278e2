import { isRecord, type Json } from "../json";
import type { Repair } from "./repair-events";

/** The blocks that an answer may consist of. The tools that Anthropic executes itself have others, and are not offered. */
const blocks: Readonly<Record<string, (block: Json) => Json>> = {
  text: ({ text }) => ({ type: "text", text: textOf(text) }),
  thinking: ({ thinking }) => ({ type: "thinking", thinking: textOf(thinking) }),
  redacted_thinking: ({ data }) => ({ type: "redacted_thinking", data: textOf(data) }),
  tool_use: ({ id, name, input }) => ({ type: "tool_use", id, name, ...(isRecord(input) && { input }) }),
};
/** The deltas of these blocks, each with the name of its text. */
const deltas: Readonly<Record<string, string>> = {
  text_delta: "text",
  thinking_delta: "thinking",
  signature_delta: "signature",
  input_json_delta: "partial_json",
};

/**
 * Leaves out the events, blocks and deltas of Anthropic's Messages API that the AI SDK does not know, and completes usage
 * that gateways leave out: the AI SDK would report an error of the server.
 */
export function messagesRepair(): Repair {
  const unknownBlocks = new Set<unknown>();
  return (event) => {
    const { type, index = 0 } = event;
    switch (type) {
      case "message_start":
        return { type, message: messageOf(event["message"]) };
      case "content_block_start": {
        const block = isRecord(event["content_block"]) ? event["content_block"] : {};
        const repaired = blocks[String(block["type"])]?.(block);
        if (!repaired) unknownBlocks.add(index);
        return repaired && { type, index, content_block: repaired };
      }
      case "content_block_delta": {
        const delta = isRecord(event["delta"]) ? event["delta"] : {};
        const name = deltas[String(delta["type"])];
        if (name === undefined || unknownBlocks.has(index)) return undefined;
        return { type, index, delta: { type: delta["type"], [name]: textOf(delta[name]) } };
      }
      case "content_block_stop":
        return unknownBlocks.delete(index) ? undefined : { type, index };
      case "message_delta": {
        const { stop_reason, stop_sequence } = isRecord(event["delta"]) ? event["delta"] : {};
        return { type, delta: { stop_reason, stop_sequence }, usage: usageOf(event["usage"], "output_tokens") };
      }
      case "error":
        return { type, error: errorOf(event["error"]) };
      case "message_stop":
      case "ping":
        return { type };
      default:
        return undefined;
    }
  };
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

function messageOf(message: unknown): Json {
  const { id, model, role, stop_reason, usage } = isRecord(message) ? message : {};
  return { id, model, role, stop_reason, usage: usageOf(usage, "input_tokens") };
}

/** @param needed 0 if it is unknown, as mergeUsage takes it */
function usageOf(usage: unknown, needed: string): Json {
  const counts = isRecord(usage) ? usage : {};
  const numbers = Object.entries(counts).filter(([, count]) => typeof count === "number");
  return { [needed]: 0, ...Object.fromEntries(numbers) };
}

function errorOf(error: unknown): Json {
  const { type, message } = isRecord(error) ? error : { type: undefined, message: error };
  return { type: typeof type === "string" ? type : "error", message: textOf(message) };
}
