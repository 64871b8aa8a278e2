import type { Fetch } from "../../platform/outbound/fetch";
import { limitResponse } from "../../platform/outbound/response-limit";
import { contentTypeOf, type McpMessages } from "./mcp-messages";
import { limitMessages } from "./message-limit";
import { type ToolServer, ToolsUnavailableError } from "./tool-server";

const methodNotAllowed = 405;
/** Of a request that is repeated as it is at another address. */
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 307, 308]);
const maxRedirects = 3;

const maxResponseBytes = { maxBytes: 4 * 1_024 * 1_024, maxLineBytes: 4 * 1_024 * 1_024 };

/**
 * Refuses the stream of server-initiated messages (GET), adds the server's headers for its origin only, follows redirects
 * within it, limits responses, and ends the session (DELETE) in limited time.
 */
export function mcpFetch(
  fetch: Fetch,
  closeTimeoutMs: number,
  { url, headers: secrets = [] }: ToolServer,
  label: string,
  messages: McpMessages,
): Fetch {
  const { origin } = new URL(url);
  return async (input, init) => {
    if (init?.method === "GET") return new Response(null, { status: methodNotAllowed });
    let target = new URL(input instanceof Request ? input.url : String(input));
    if (target.origin !== origin) throw new TypeError("A tool server is called at its own address only");
    const sent = new Headers(init?.headers);
    for (const [name, value] of secrets) sent.set(name, value);
    const timeout = init?.method === "DELETE" ? { signal: AbortSignal.timeout(closeTimeoutMs) } : {};
    const request = { ...init, headers: sent, ...timeout };
    let response = await fetch(target, request);
    for (let redirects = 0; redirectStatuses.has(response.status) && redirects < maxRedirects; redirects++) {
      const next = parsedUrl(response.headers.get("location"), target);
      if (!next) break;
      if (next.origin !== origin) {
        throw new ToolsUnavailableError(`The tool server ${label} redirects to ${next.origin}. Set its address there.`);
      }
      await response.body?.cancel().catch(() => undefined);
      target = next;
      response = await fetch(target, request);
    }
    const { body, status, statusText, headers } = response;
    const isEventStream = contentTypeOf(response) === "events";
    const limited = body?.pipeThrough(limitResponse(maxResponseBytes)).pipeThrough(limitMessages(isEventStream));
    return messages.read(new Response(limited ?? null, { status, statusText, headers }), init?.body);
  };
}

function parsedUrl(location: string | null, base: URL): URL | undefined {
  try {
    return location === null ? undefined : new URL(location, base);
  } catch {
    return undefined;
  }
}
