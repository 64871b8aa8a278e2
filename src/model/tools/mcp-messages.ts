import { isRecord, type Json, parsed } from "../json";
import { isJson, startOf } from "../../platform/outbound/response-start";
import { eventsOf, type ReceivedEvent } from "../../platform/outbound/server-sent-events";

/** A request of JSON-RPC. */
interface McpRequest {
  readonly id: string | number;
  readonly method: string;
  /** Of an `initialize`: the version that the client speaks. */
  readonly version: unknown;
}

const internalError = -32_603;

/** Of server-sent events: a field, or a comment. */
const startOfEvents = /^(?:event|data|id|retry)?:/;

/**
 * Brings the responses of an MCP server into the form that the client takes, which refuses a whole response for one field
 * that is null, one tool that is faulty, or one kind of content that it does not know.
 */
export class McpMessages {
  /** The names of tools whose definitions can't be used. */
  readonly faultyTools = new Set<string>();

  /** @param body of the request */
  async read(response: Response, body: unknown): Promise<Response> {
    const request = requestOf(body);
    if (!request || !response.ok) return response;
    const type = contentTypeOf(response);
    const { start, response: unread } = await startOf(response);
    const isOfEvents = startOfEvents.test(start) || (type === "events" && !isJson(start));
    if (isOfEvents && unread.body) return withBody(unread, this.readEvents(unread.body, request));
    // The client would wait for what comes later, over a stream that it does not have.
    if (start === "") return withBody(unread, JSON.stringify(failure(request, "The server's response is empty.")));
    if (type !== "JSON" && !isJson(start)) return unread;
    const value = parsed(await unread.text());
    const messages = (Array.isArray(value) ? value : [value]).map((message) => this.normalized(message, request));
    return withBody(unread, JSON.stringify(messages.length === 1 ? messages[0] : messages));
  }

  private readEvents(body: ReadableStream, request: McpRequest): ReadableStream {
    let isAnswered = false;
    const eventOf = (message: unknown) => `data: ${JSON.stringify(message)}\n\n`;
    return eventsOf(body)
      .pipeThrough(
        new TransformStream<ReceivedEvent, string>({
          transform: ({ event = "message", data, isLast }, controller) => {
            const value = parsed(data);
            const isCut = isLast && value === undefined;
            if (data.trim() === "" || isCut || (event !== "message" && !isResponse(value))) return;
            for (const each of Array.isArray(value) ? value : [value]) {
              const message = this.normalized(each, request);
              isAnswered ||= message["id"] === request.id && !("method" in message);
              controller.enqueue(eventOf(message));
            }
          },
          flush(controller) {
            // The client would wait for it.
            if (!isAnswered) controller.enqueue(eventOf(failure(request, "The server's response has no result.")));
          },
        }),
      )
      .pipeThrough(new TextEncoderStream());
  }

  private normalized(message: unknown, request: McpRequest): Json {
    if (!isRecord(message)) return failure(request, "The server's response is no message.");
    if (typeof message["method"] === "string") return withoutNulls(message);
    const { id, error, result } = message;
    if (error != null) {
      const { message: text, code } = isRecord(error) ? error : { message: error, code: internalError };
      return failure(request, typeof text === "string" ? text : "The server reported an error.", Number(code));
    }
    if (String(id) !== String(request.id)) return { jsonrpc: "2.0", id, result: {} };
    return { jsonrpc: "2.0", id: request.id, result: this.resultOf(request, result) };
  }

  private resultOf({ method, version }: McpRequest, any: unknown): Json {
    const result = isRecord(any) ? any : {};
    switch (method) {
      case "initialize":
        return initializeResult(result, version);
      case "tools/list":
        return this.toolList(result);
      case "tools/call":
        // In this form the client passes on any result.
        return { toolResult: any ?? {} };
      default:
        return withoutNulls(result);
    }
  }

  private toolList({ tools, nextCursor }: Json): Json {
    const definitions = (Array.isArray(tools) ? tools : []).flatMap((tool: unknown) => this.definitionOf(tool) ?? []);
    return { tools: definitions, ...(typeof nextCursor === "string" && nextCursor !== "" && { nextCursor }) };
  }

  /** @returns undefined if it can't be used */
  private definitionOf(tool: unknown): Json | undefined {
    if (!isRecord(tool)) return undefined;
    const { name, title, description, inputSchema = null } = tool;
    if (typeof name !== "string" || name === "") return undefined;
    const schema = schemaOf(inputSchema);
    if (!schema) {
      this.faultyTools.add(name);
      return undefined;
    }
    const text = [description, title].find((each) => typeof each === "string");
    return { name, ...(text !== undefined && { description: text }), inputSchema: schema };
  }
}

/** @returns undefined if it is not the schema of an object; none is one of an object without properties */
function schemaOf(inputSchema: unknown): Json | undefined {
  if (isNothing(inputSchema)) return { type: "object", properties: {} };
  if (!isRecord(inputSchema)) return undefined;
  const { type = null, properties = null, ...rest } = inputSchema;
  const types: unknown[] = Array.isArray(type) ? type : [type ?? "object"];
  const isObject = types.some((each) => typeof each === "string" && each.toLowerCase() === "object");
  if (!isObject || !(isNothing(properties) || isRecord(properties))) return undefined;
  return { type: "object", properties: isRecord(properties) ? properties : {}, ...withoutNulls(rest) };
}

/** An empty object of PHP becomes an empty list in JSON. */
const isNothing = (value: unknown): boolean => value === null || (Array.isArray(value) && value.length === 0);

const isResponse = (value: unknown): boolean => isRecord(value) && ("result" in value || "error" in value);

function initializeResult(result: Json, version: unknown): Json {
  // A server that lists its tools has some, whether it has announced that or not.
  return {
    protocolVersion: result["protocolVersion"] ?? version,
    capabilities: { tools: {} },
    serverInfo: { name: "", version: "" },
  };
}

const failure = ({ id }: McpRequest, message: string, code = internalError): Json => ({
  jsonrpc: "2.0",
  id,
  error: { code: Number.isSafeInteger(code) ? code : internalError, message },
});

const withoutNulls = (value: Json): Json =>
  Object.fromEntries(Object.entries(value).filter(([, property]) => property !== null));

/** @returns undefined for a notification, which has no response */
function requestOf(body: unknown): McpRequest | undefined {
  const message = typeof body === "string" ? parsed(body) : undefined;
  if (!isRecord(message)) return undefined;
  const { id, method, params } = message;
  if ((typeof id !== "string" && typeof id !== "number") || typeof method !== "string") return undefined;
  return { id, method, version: isRecord(params) ? params["protocolVersion"] : undefined };
}

/** The type that a response declares: JSON, server-sent events, or another one or none, which may be wrong. */
export function contentTypeOf({ headers }: Response): "JSON" | "events" | "other" {
  const type = (headers.get("content-type") ?? "").toLowerCase();
  if (type.includes("application/json")) return "JSON";
  return type.includes("text/event-stream") ? "events" : "other";
}

/** A response to a request, of the status and the type that the client looks for. */
function withBody({ headers }: Response, body: string | ReadableStream): Response {
  const session = headers.get("mcp-session-id");
  return new Response(body, {
    headers: {
      "content-type": typeof body === "string" ? "application/json" : "text/event-stream",
      ...(session !== null && { "mcp-session-id": session }),
    },
  });
}
