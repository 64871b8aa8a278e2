import type { ServerResponse } from "node:http";

/** The same short answer in each provider's streaming format, by the path of its API. */
export const dialects: readonly { readonly path: RegExp; readonly answer: (response: ServerResponse) => void }[] = [
  {
    path: /^\/v1\/messages$/,
    answer: (response) => {
      const send = events(response);
      send("message_start", {
        message: {
          id: "1",
          type: "message",
          role: "assistant",
          model: "m",
          content: [],
          usage: { input_tokens: 11, output_tokens: 1 },
        },
      });
      send("content_block_start", { index: 0, content_block: { type: "text", text: "" } });
      send("content_block_delta", { index: 0, delta: { type: "text_delta", text: "It is " } });
      send("content_block_delta", { index: 0, delta: { type: "text_delta", text: "red." } });
      send("content_block_stop", { index: 0 });
      send("message_delta", { delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 5 } });
      send("message_stop", {});
      response.end();
    },
  },
  {
    path: /^\/v1\/responses$/,
    answer: (response) => {
      const send = events(response);
      const usage = {
        input_tokens: 11,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens: 5,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 16,
      };
      send("response.created", { response: { id: "1", created_at: 0, model: "m" } });
      send("response.output_item.added", { output_index: 0, item: { type: "message", id: "a" } });
      send("response.output_text.delta", { item_id: "a", delta: "It is " });
      send("response.output_text.delta", { item_id: "a", delta: "red." });
      send("response.output_item.done", { output_index: 0, item: { type: "message", id: "a" } });
      send("response.completed", { response: { incomplete_details: null, usage } });
      response.end();
    },
  },
  {
    path: /^\/v1\/models\/m:streamGenerateContent\?alt=sse$/,
    answer: (response) => {
      const send = events(response);
      const chunk = (text: string, more: object = {}) => ({
        candidates: [{ content: { role: "model", parts: [{ text }] }, index: 0, ...more }],
        usageMetadata: { promptTokenCount: 11, candidatesTokenCount: 5, totalTokenCount: 16 },
      });
      send(undefined, chunk("It is "));
      send(undefined, chunk("red.", { finishReason: "STOP" }));
      response.end();
    },
  },
];

/** Starts a stream of server-sent events. The data of an event repeats its type. */
function events(response: ServerResponse): (type: string | undefined, data: object) => void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  return (type, data) => {
    const name = type === undefined ? "" : `event: ${type}\n`;
    response.write(`${name}data: ${JSON.stringify(type === undefined ? data : { type, ...data })}\n\n`);
  };
}
