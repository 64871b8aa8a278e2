import { type ReactNode, useEffect, useState } from "react";
import { queryClient } from "../../api/queries";
import { stream } from "../../api/stream";
import { Card } from "../../parts/page";
import { Problem } from "../../parts/problem";
import { Clock, Name } from "../../parts/text";
import { type RunDetailsQuery, RunTimelineDocument } from "./operations.generated";
import { RunState } from "./states";
import { type Entry, withEvent } from "./timeline-entries";

/** A run as its events tell it: stored ones at once, further ones as they happen. */
export function Timeline({ runId, run }: { runId: string; run: NonNullable<RunDetailsQuery["run"]> }) {
  const [entries, setEntries] = useState<readonly Entry[]>([]);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    const abort = new AbortController();
    setEntries([]);
    const follow = async () => {
      try {
        for await (const { runEvents } of stream(RunTimelineDocument, { runId }, { signal: abort.signal }))
          setEntries((before) => withEvent(before, runEvents));
        await queryClient.invalidateQueries({ queryKey: ["runs", runId] });
      } catch (failure) {
        if (!abort.signal.aborted) setError(failure);
      }
    };
    void follow();
    return () => abort.abort();
  }, [runId]);
  return (
    <Card title="Timeline">
      <div className="px-4 py-3">
        <ol className="flex flex-col">
          <Step label="Message" at={run.createdAt}>
            <p dir="auto" className="whitespace-pre-wrap">
              {run.input}
            </p>
          </Step>
          {entries.map((entry) => (
            <EntryView key={entry.first} entry={entry} run={run} />
          ))}
        </ol>
        <Problem error={error} />
        {run.citations.length > 0 && (
          <details className="mt-3">
            <summary className="cursor-pointer text-sm text-text-2">Citations ({run.citations.length})</summary>
            <ul className="mt-2 flex flex-col gap-3">
              {run.citations.map(({ quote, page, document }, index) => (
                <li key={index}>
                  <blockquote dir="auto" className="border-l-2 border-accent pl-3 whitespace-pre-wrap">
                    {quote}
                  </blockquote>
                  <span className="text-sm text-text-2">
                    <Name>{document.filename}</Name>
                    {page !== null && `, page ${String(page)}`}
                  </span>
                </li>
              ))}
            </ul>
          </details>
        )}
      </div>
    </Card>
  );
}

function EntryView({ entry, run }: { entry: Entry; run: NonNullable<RunDetailsQuery["run"]> }) {
  switch (entry.kind) {
    case "started":
      return (
        <Step
          label={entry.attempt === 1 ? "Started" : `Started again, attempt ${String(entry.attempt)}`}
          at={run.startedAt}
          index={entry.first}
        />
      );
    case "output":
      return (
        <Step label="Answer" index={entry.first} last={entry.last}>
          <p dir="auto" className="whitespace-pre-wrap">
            {entry.text}
          </p>
        </Step>
      );
    case "reasoning":
      return (
        <Step label="Reasoning" index={entry.first} last={entry.last}>
          <Folded text={entry.text} />
        </Step>
      );
    case "call":
      return (
        <Step label={`Calls ${entry.name}`} index={entry.first}>
          <Folded text={entry.text} />
        </Step>
      );
    case "result":
      return (
        <Step label={`${entry.name} ${entry.isError ? "failed" : "answered"}`} index={entry.first}>
          <Folded text={entry.text} />
        </Step>
      );
    case "finished":
      return (
        <Step label="Finished" at={run.finishedAt} index={entry.first}>
          <RunState status={entry.status} />
        </Step>
      );
  }
}

interface StepProps {
  readonly label: string;
  readonly at?: string | null;
  readonly index?: number;
  readonly last?: number;
  readonly children?: ReactNode;
}

function Step({ label, at, index, last, children }: StepProps) {
  const events =
    index === undefined
      ? ""
      : last === undefined || last === index
        ? `#${String(index)}`
        : `#${String(index)}–${String(last)}`;
  return (
    <li className="relative border-l border-line pb-4 pl-5 last:pb-0">
      <span
        aria-hidden="true"
        className="absolute top-[6px] -left-[4.5px] size-2 rounded-[50%] border border-line-2 bg-surface"
      />
      <div className="flex flex-wrap items-baseline justify-between gap-x-3">
        <span className="text-sm font-medium">{label}</span>
        <span className="text-xs text-text-3">
          {at && <Clock at={at} />} {events}
        </span>
      </div>
      {children && <div className="mt-1 min-w-0">{children}</div>}
    </li>
  );
}

function Folded({ text }: { text: string }) {
  return (
    <details>
      <summary className="cursor-pointer text-sm text-text-2">Show</summary>
      <pre
        className="mt-1 max-h-72 overflow-auto rounded border border-line bg-canvas p-2 text-xs! whitespace-pre-wrap"
        tabIndex={0}
        role="group"
        aria-label="Content"
      >
        {text}
      </pre>
    </details>
  );
}
