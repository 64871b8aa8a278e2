import { CopyButton } from "../../parts/copy";
import { formatDuration } from "../../parts/format";
import { Verdict } from "../../parts/marks";
import type { Answer } from "./run-operation";

/** The response: its status, its duration, and its body. */
export function AnswerView({ answer }: { answer: Answer | null }) {
  return (
    <section className="card flex min-h-64 min-w-0 flex-col" aria-labelledby="answer-title">
      <div className="card-head">
        <h2 id="answer-title">Answer</h2>
        {answer && (
          <span className="flex items-center gap-4 text-sm text-text-2">
            <Verdict tone={answer.status < 400 ? "allow" : "refuse"}>{answer.status}</Verdict>
            {formatDuration(answer.tookMs)}
            <CopyButton text={answer.text} />
          </span>
        )}
      </div>
      <pre
        className="max-h-[520px] flex-1 overflow-auto px-4 py-3 text-xs!"
        tabIndex={0}
        role="group"
        aria-label="The answer as JSON"
      >
        {answer?.text ?? ""}
      </pre>
      {answer?.requestId && (
        <p className="border-t border-line px-4 py-2 text-xs text-text-3">
          Request <code className="text-xs">{answer.requestId}</code>
        </p>
      )}
    </section>
  );
}
