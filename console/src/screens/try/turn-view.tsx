import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { request } from "../../api/client";
import { serverUrl } from "../../api/server-url";
import { count } from "../../parts/format";
import { Verdict } from "../../parts/marks";
import { Problem } from "../../parts/problem";
import { Name } from "../../parts/text";
import { useAction } from "../../parts/use-action";
import { DocumentLinkDocument } from "./operations.generated";
import type { Citation, Turn } from "./turn";

interface TurnViewProps {
  readonly appId: string;
  readonly turn: Turn;
  readonly onStop: (runId: string) => Promise<void>;
}

/** A question, and the answer as it comes. */
export function TurnView({ appId, turn, onStop }: TurnViewProps) {
  const [opened, setOpened] = useState<number | null>(null);
  const { runId, question, answer, state, citations, tools, tokens, error } = turn;
  const isRunning = state === "sending" || state === "running";
  const stop = useAction(async () => {
    if (runId) await onStop(runId);
  });
  const shownCitation = opened === null ? undefined : citations[opened];
  return (
    <li className="flex flex-col gap-3">
      <p dir="auto" className="ml-auto max-w-[85%] rounded-lg bg-press px-3 py-2 whitespace-pre-wrap">
        {question}
      </p>
      {tools.length > 0 && (
        <details className="text-sm text-text-2">
          <summary className="w-fit cursor-pointer">{count(tools.length, "tool call")}</summary>
          <ul className="mt-1 flex flex-col gap-1 pl-4">
            {tools.map((tool) => (
              <li key={tool.callId}>
                <Verdict tone={tool.state === "failed" ? "refuse" : tool.state === "done" ? "allow" : "busy"}>
                  <code>{tool.name}</code>
                </Verdict>
              </li>
            ))}
          </ul>
        </details>
      )}
      <div dir="auto" className="whitespace-pre-wrap" aria-live="polite" aria-busy={isRunning}>
        {answer}
        {isRunning && <span className="text-text-3">{answer === "" ? "Waiting for the answer…" : " ▍"}</span>}
      </div>
      {error !== undefined && <Problem error={error} />}
      {citations.length > 0 && (
        <div className="flex flex-col gap-2">
          <ul className="flex flex-wrap gap-2" aria-label="Citations">
            {citations.map((citation, index) => (
              <li key={index}>
                <button
                  type="button"
                  className="btn btn-small"
                  aria-expanded={opened === index}
                  onClick={() => setOpened(opened === index ? null : index)}
                >
                  {index + 1} <Name max={24}>{citation.document.filename}</Name>
                  {citation.page !== null && ` p. ${String(citation.page)}`}
                </button>
              </li>
            ))}
          </ul>
          {shownCitation && <Passage citation={shownCitation} />}
        </div>
      )}
      <div className="flex flex-wrap items-center gap-4 text-xs text-text-3">
        {runId && (
          <Link to="/apps/$appId/runs/$runId" params={{ appId, runId }} className="link">
            Run
          </Link>
        )}
        {tokens && `${count(tokens.inputTokens, "token")} in, ${count(tokens.outputTokens, "token")} out`}
        {state === "cancelled" && <Verdict tone="off">Cancelled</Verdict>}
        {isRunning && runId && (
          <button type="button" className="btn btn-small" onClick={() => void stop.run()}>
            Stop
          </button>
        )}
      </div>
      <Problem error={stop.error} />
    </li>
  );
}

/** The passage that an answer is based on, word for word, with the way to its document. */
function Passage({ citation: { quote, page, document } }: { citation: Citation }) {
  const open = useAction(async () => {
    const { documentContent } = await request(DocumentLinkDocument, { id: document.id });
    if (!documentContent) throw new Error("The document was deleted.");
    window.open(serverUrl(documentContent.url), "_blank", "noopener");
  });
  return (
    <figure className="card p-3">
      <blockquote dir="auto" className="border-l-2 border-accent pl-3 whitespace-pre-wrap">
        {quote}
      </blockquote>
      <figcaption className="mt-2 flex flex-wrap items-center justify-between gap-2 text-sm text-text-2">
        <span>
          <Name>{document.filename}</Name>
          {page !== null && `, page ${String(page)}`}
        </span>
        <button type="button" className="btn btn-small" onClick={() => void open.run()}>
          Open the document
        </button>
      </figcaption>
      <Problem error={open.error} />
    </figure>
  );
}
