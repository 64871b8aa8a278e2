import { EventSourceParserStream, type EventSourceMessage } from "eventsource-parser/stream";

type Json = Record<string, unknown>;

/** A request of JSON-RPC. */
interface McpRequest {
  readonly id: string | number;
  readonly method: string;
}

const internalError = -32_603;
const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

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
    const type = response.headers.get("content-type") ?? "";
    if (!request || !response.ok || !response.body) return response;
    if (type.includes("application/json")) {
      const value = parsed(await response.text());
      const messages = (Array.isArray(value) ? value : [value]).map((message) => this.normalized(message, request));
      return withBody(response, JSON.stringify(messages.length === 1 ? messages[0] : messages));
    }
    return type.includes("text/event-stream") ? withBody(response, this.readEvents(response.body, request)) : response;
  }

  private readEvents(body: ReadableStream, request: McpRequest): ReadableStream {
    let isAnswered = false;
    const eventOf = (message: unknown) => `data: ${JSON.stringify(message)}\n\n`;
    return body
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream())
      .pipeThrough(
        new TransformStream<EventSourceMessage, string>({
          transform: ({ event = "message", data }, controller) => {
            if (event !== "message" || data === "") return;
            const value = parsed(data);
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
    return { jsonrpc: "2.0", id: request.id, result: this.resultOf(request.method, isRecord(result) ? result : {}) };
  }

  private resultOf(method: string, result: Json): Json {
    switch (method) {
      case "initialize":
        return initializeResult(result);
      case "tools/list":
        return this.toolList(result);
      case "tools/call":
        // In this form the client passes on any result.
        return { toolResult: result };
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
  if (inputSchema === null) return { type: "object", properties: {} };
  if (!isRecord(inputSchema)) return undefined;
  const { type = null, properties = null, ...rest } = inputSchema;
  if ((type !== null && type !== "object") || (properties !== null && !isRecord(properties))) return undefined;
  return { type: "object", properties: properties ?? {}, ...withoutNulls(rest) };
}

function initializeResult(result: Json): Json {
  // A server that lists its tools has some, whether it has announced that or not.
  return {
    protocolVersion: result["protocolVersion"],
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
  const { id, method } = message;
  return (typeof id === "string" || typeof id === "number") && typeof method === "string" ? { id, method } : undefined;
}

/** @returns undefined if the text is no JSON */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function withBody({ status, headers }: Response, body: string | ReadableStream): Response {
  const kept = ["content-type", "mcp-session-id"].flatMap((name) => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value] as [string, string]];
  });
  return new Response(body, { status, headers: kept });
}
