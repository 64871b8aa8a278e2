import type { RunTimelineSubscription } from "./operations.generated";

type RunEvent = RunTimelineSubscription["runEvents"];

/** One entry of a run's timeline; pieces of the answer that follow each other are one. */
export type Entry =
  | { readonly kind: "started"; readonly first: number; readonly attempt: number }
  | { readonly kind: "output" | "reasoning"; readonly first: number; readonly last: number; readonly text: string }
  | { readonly kind: "call"; readonly first: number; readonly name: string; readonly text: string }
  | {
      readonly kind: "result";
      readonly first: number;
      readonly name: string;
      readonly isError: boolean;
      readonly text: string;
    }
  | { readonly kind: "finished"; readonly first: number; readonly status: string };

/** The entries after one more event. */
export function withEvent(entries: readonly Entry[], event: RunEvent): readonly Entry[] {
  const first = event.index;
  switch (event.__typename) {
    case "RunStarted": {
      const attempt = entries.filter(({ kind }) => kind === "started").length + 1;
      return [...entries, { kind: "started", first, attempt }];
    }
    case "RunOutput":
    case "RunReasoning": {
      const kind = event.__typename === "RunOutput" ? "output" : "reasoning";
      const last = entries.at(-1);
      return last?.kind === kind
        ? [...entries.slice(0, -1), { ...last, last: first, text: last.text + event.text }]
        : [...entries, { kind, first, last: first, text: event.text }];
    }
    case "RunToolCall":
      return [...entries, { kind: "call", first, name: event.name, text: event.arguments }];
    case "RunToolResult":
      return [...entries, { kind: "result", first, name: event.name, isError: event.isError, text: event.result }];
    case "RunFinished":
      return [...entries, { kind: "finished", first, status: event.run.status }];
    default:
      return entries;
  }
}
