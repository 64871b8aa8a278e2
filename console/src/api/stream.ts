import { consoleHeader, errorOf, type Operation, readAnswer, type RequestOptions, send } from "./client";
import { ConnectionError } from "./errors";

/**
 * Runs an operation whose results come one after another, as server-sent events.
 *
 * @throws {ApiError} if the server refused it
 * @throws {ConnectionError} if the stream broke before its end
 */
export async function* stream<Result, Variables>(
  operation: Operation<Result, Variables>,
  variables: Variables,
  { signal, asScope }: RequestOptions = {},
): AsyncGenerator<Result> {
  const headers = {
    "content-type": "application/json",
    accept: "text/event-stream",
    ...consoleHeader,
    ...(asScope ? { "x-latchkey-scope": asScope } : {}),
  };
  const body = JSON.stringify({ query: (operation as { toString(): string }).toString(), variables });
  const response = await send("stream", { method: "POST", headers, body, signal: signal ?? null });
  if (!response.ok || !response.body) throw errorOf(await readAnswer(response), response);
  for await (const { event, data } of eventsIn(response.body)) {
    if (event === "complete") return;
    if (event !== "next" || data === "") continue;
    const result = JSON.parse(data) as {
      data?: Result;
      errors?: { message: string; extensions?: Record<string, unknown> }[];
    };
    if (result.errors?.length || !result.data) throw errorOf(result, response);
    yield result.data;
  }
  if (!signal?.aborted) throw new ConnectionError();
}

interface ServerEvent {
  readonly event: string;
  readonly data: string;
}

/** The events of a stream, by the standard's format as far as the server uses it. */
async function* eventsIn(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      const blocks = rest.split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) yield parseEvent(block);
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}

/** Parses the lines of one event. Comments, which keep the connection open, have no name. */
export function parseEvent(block: string): ServerEvent {
  let event = "";
  const data: string[] = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) event = line.slice("event:".length).trim();
    else if (line.startsWith("data:")) data.push(line.slice("data:".length).trim());
  }
  return { event, data: data.join("\n") };
}
