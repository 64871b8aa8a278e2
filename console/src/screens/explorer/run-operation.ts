import { consoleHeader, type Operation, send } from "../../api/client";
import { ApiError } from "../../api/errors";
import { stream } from "../../api/stream";

/** An answer as it came, with what is worth knowing about it. */
export interface Answer {
  readonly text: string;
  readonly status: number;
  readonly tookMs: number;
  readonly requestId: string | null;
}

const maxResults = 200;

interface RunOptions {
  readonly text: string;
  readonly variables: string;
  readonly asScope: string | undefined;
  readonly isSubscription: boolean;
  readonly signal: AbortSignal;
  readonly onAnswer: (answer: Answer) => void;
}

/** Sends an operation as it was typed. The results of a subscription are shown as they come, the newest 200. */
export async function runOperation({
  text,
  variables,
  asScope,
  isSubscription,
  signal,
  onAnswer,
}: RunOptions): Promise<void> {
  const given = variables.trim() === "" ? {} : (JSON.parse(variables) as Record<string, unknown>);
  const start = performance.now();
  const took = () => performance.now() - start;
  if (isSubscription) {
    const results: unknown[] = [];
    try {
      for await (const result of stream(text as unknown as Operation<unknown, typeof given>, given, {
        asScope,
        signal,
      })) {
        results.push({ data: result });
        if (results.length > maxResults) results.shift();
        onAnswer({ text: format(results), status: 200, tookMs: took(), requestId: null });
      }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      results.push({ errors: error.extensions["errors"] });
      onAnswer({ text: format(results), status: error.status, tookMs: took(), requestId: error.requestId });
    }
    return;
  }
  const headers = {
    "content-type": "application/json",
    accept: "application/json",
    ...consoleHeader,
    ...(asScope ? { "x-latchkey-scope": asScope } : {}),
  };
  const body = JSON.stringify({ query: text, variables: given });
  const response = await send("graphql", { method: "POST", headers, body, signal });
  const answer = await response.text();
  onAnswer({
    text: pretty(answer),
    status: response.status,
    tookMs: took(),
    requestId: response.headers.get("x-request-id"),
  });
}

const format = (results: readonly unknown[]): string =>
  results.map((result) => JSON.stringify(result, null, 2)).join("\n");

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
