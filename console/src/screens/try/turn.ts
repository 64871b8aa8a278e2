import type { TryEventsSubscription } from "./operations.generated";

export interface Citation {
  readonly quote: string;
  readonly page: number | null;
  readonly document: { readonly id: string; readonly filename: string };
}

/** A tool call of the model, folded into one line. */
export interface ToolCall {
  readonly callId: string;
  readonly name: string;
  readonly state: "running" | "done" | "failed";
}

/** One question and what has come of it so far. */
export interface Turn {
  readonly runId: string | null;
  readonly question: string;
  readonly answer: string;
  readonly state: "sending" | "running" | "done" | "failed" | "cancelled";
  readonly citations: readonly Citation[];
  readonly tools: readonly ToolCall[];
  readonly tokens?: { readonly inputTokens: number; readonly outputTokens: number } | null;
  /** A refusal by the server, or the error of the run. */
  readonly error?: unknown;
}

export const newTurn = (question: string): Turn => ({
  runId: null,
  question,
  answer: "",
  state: "sending",
  citations: [],
  tools: [],
});

type RunEvent = TryEventsSubscription["runEvents"];

/** A turn after one more event of its run. */
export function afterEvent(turn: Turn, event: RunEvent): Turn {
  switch (event.__typename) {
    case "RunStarted":
      // An earlier attempt's output is void.
      return { ...turn, state: "running", answer: "", tools: [] };
    case "RunOutput":
      return { ...turn, answer: turn.answer + event.text };
    case "RunToolCall":
      return { ...turn, tools: [...turn.tools, { callId: event.callId, name: event.name, state: "running" }] };
    case "RunToolResult":
      return {
        ...turn,
        tools: turn.tools.map((tool) =>
          tool.callId === event.callId ? { ...tool, state: event.isError ? "failed" : "done" } : tool,
        ),
      };
    case "RunFinished": {
      const { status, output, error, usage, citations } = event.run;
      const state = status === "SUCCEEDED" ? "done" : status === "CANCELLED" ? "cancelled" : "failed";
      return {
        ...turn,
        state,
        answer: output ?? turn.answer,
        citations,
        tokens: usage,
        ...(error ? { error: new Error(`${error.message} (${error.code})`) } : {}),
      };
    }
    default:
      return turn;
  }
}
