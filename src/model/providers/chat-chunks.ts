import { isRecord, type Json } from "../json";

/** Finish reasons of servers that write a null as text. */
const noReasons: ReadonlySet<string> = new Set(["", "null", "none"]);

/** Brings the chunks of one answer into the form that OpenAI's protocol defines. */
export class ChatChunks {
  private firstIndex: number | undefined;
  private hasText = false;
  private hasToolCalls = false;
  private hasFinished = false;

  /** @returns undefined if the value is no chunk and no error */
  next(value: unknown): Json | undefined {
    if (!isRecord(value)) return undefined;
    const error = errorOf(value);
    if (error) return { error };
    const choices = listOf(value["choices"], ["delta", "message", "text", "finish_reason"]);
    const indexes = choices.map(({ index }) => (typeof index === "number" ? index : 0));
    // Further choices are alternatives to the first. Some servers count from 1.
    if (choices.length > 0) this.firstIndex ??= Math.min(...indexes);
    const choice = choices.find((_, i) => indexes[i] === this.firstIndex);
    const usage = usageOf(value["usage"] ?? choice?.["usage"] ?? inner(value["x_groq"], "usage"));
    if (!choice && !usage && !("choices" in value)) return undefined;
    return {
      ...pick(value, { id: "string", created: "number", model: "string" }),
      choices: choice ? [this.choiceOf(choice)] : [],
      ...(usage && { usage }),
    };
  }

  /** Completes the stream if no chunk had a finish reason. */
  end(): Json[] {
    // A tool is called only if the provider says that the call is complete.
    return this.hasFinished || this.hasToolCalls ? [] : [{ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }];
  }

  private choiceOf(choice: Json): Json {
    const { finish_reason: reason } = choice;
    const isFinished = typeof reason === "string" && !noReasons.has(reason.toLowerCase());
    this.hasFinished ||= isFinished;
    return { index: 0, delta: this.deltaOf(choice), finish_reason: isFinished ? reason : null };
  }

  private deltaOf(choice: Json): Json {
    const source = this.sourceOf(choice);
    const toolCalls = toolCallsOf(source);
    const content = contentOf(source["content"]);
    this.hasToolCalls ||= toolCalls.length > 0;
    this.hasText ||= content.length > 0;
    const reasoning = [source["reasoning_content"], source["reasoning"], source["thinking"]].find(
      (each) => typeof each === "string" && each !== "",
    );
    return {
      content,
      ...(reasoning !== undefined && { reasoning_content: reasoning }),
      ...pick(source, { refusal: "string" }),
      ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
    };
  }

  /** Some servers send a `message`, as for an answer that is not streamed, and some repeat the whole answer in it. */
  private sourceOf({ delta, message, text }: Json): Json {
    if (isRecord(delta) && Object.keys(delta).length > 0) return delta;
    if (this.hasText || this.hasToolCalls) return {};
    if (isRecord(message)) return message;
    return typeof text === "string" ? { content: text } : {};
  }
}

/** @returns undefined if the chunk reports no error */
function errorOf(value: Json): Json | undefined {
  const error = value["object"] === "error" && value["error"] == null ? value : value["error"];
  if (error == null || error === false || error === "") return undefined;
  if (!isRecord(error)) return { message: typeof error === "string" ? error : "" };
  const { message } = error;
  return { ...error, message: typeof message === "string" ? message : "" };
}

/** As a text, or as a list of parts. */
function contentOf(content: unknown): string | Json[] {
  if (typeof content === "string") return content;
  const parts = Array.isArray(content) ? content : [content];
  return parts.flatMap((part) => {
    if (typeof part === "string") return { type: "text", text: part };
    if (!isRecord(part)) return [];
    const { type } = part;
    // Such as `output_text`, as in OpenAI's Responses API.
    return { ...part, type: typeof type !== "string" || type.endsWith("_text") ? "text" : type };
  });
}

/** The elements of a list, which some servers send as an object by number, or as its only element. */
function listOf(value: unknown, namesOfElement: readonly string[]): Json[] {
  if (Array.isArray(value)) return value.filter(isRecord);
  if (!isRecord(value)) return [];
  return namesOfElement.some((name) => name in value) ? [value] : Object.values(value).filter(isRecord);
}

function toolCallsOf({ tool_calls: calls, function_call: legacy }: Json): Json[] {
  const list = listOf(calls, ["function", "name", "id"]);
  if (list.length === 0 && isRecord(legacy)) list.push({ index: 0, function: legacy });
  return list.map((call) => {
    const target = isRecord(call["function"]) ? call["function"] : call;
    const { name, arguments: input = null } = target;
    const index = Number(call["index"] ?? NaN);
    const { id, extra_content: extra } = call;
    return {
      ...(Number.isSafeInteger(index) && { index }),
      ...((typeof id === "string" || typeof id === "number") && { id: String(id) }),
      type: "function",
      function: {
        ...(typeof name === "string" && { name }),
        arguments: input === null || typeof input === "string" ? input : JSON.stringify(input),
      },
      ...(isRecord(extra) && { extra_content: extra }),
    };
  });
}

/** The counts of tokens. @returns undefined if there are none */
function usageOf(usage: unknown): Json | undefined {
  if (!isRecord(usage)) return undefined;
  const names = ["prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "output_tokens"];
  const counts = names.flatMap((name) => {
    const value = usage[name];
    const count = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
    return typeof count === "number" && Number.isFinite(count) ? [[name, Math.ceil(count)] as const] : [];
  });
  return counts.length === 0 ? undefined : Object.fromEntries(counts);
}

const inner = (value: unknown, name: string): unknown => (isRecord(value) ? value[name] : undefined);

/** The properties that have the given types. */
function pick(value: Json, types: Readonly<Record<string, string>>): Json {
  return Object.fromEntries(
    Object.entries(types).flatMap(([name, type]) => {
      const property = value[name];
      return typeof property === type ? [[name, property]] : [];
    }),
  );
}
