import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { request } from "../../api/client";
import { formatNumber } from "../../parts/format";
import { Card } from "../../parts/page";
import { Problem } from "../../parts/problem";
import { Name, Time } from "../../parts/text";
import { useMay } from "../../parts/use-may";
import { RunState } from "../sessions/states";
import type { KeyDetails } from "./key";
import { KeyRunsDocument, KeyStreamsDocument } from "./operations.generated";

const pollIntervalMs = 5_000;

/** The open streams and unfinished runs of a key, and the runs that it started last. */
export function KeyActivity({ appId, apiKey: { id, status } }: { appId: string; apiKey: KeyDetails }) {
  const may = useMay();
  const runs = useQuery({
    queryKey: ["keys", "runs", id],
    queryFn: ({ signal }) => request(KeyRunsDocument, { appId, id }, { signal }),
    refetchInterval: pollIntervalMs,
    enabled: may("runs"),
  });
  const streams = useQuery({
    queryKey: ["keys", "streams", id],
    // The dry run of a revocation counts what it would end, and changes nothing.
    queryFn: ({ signal }) => request(KeyStreamsDocument, { id }, { signal }),
    refetchInterval: pollIntervalMs,
    enabled: may("revokeApiKeys") && status === "ACTIVE",
  });
  const { running, queued, last } = runs.data ?? {};
  return (
    <Card title="Under way">
      <div className="px-4 pt-3 empty:hidden">
        <Problem error={runs.error ?? streams.error} />
      </div>
      <dl className="facts">
        <dt>Open streams</dt>
        <dd>
          {status !== "ACTIVE" ? "none" : streams.data ? formatNumber(streams.data.revokeApiKeys.streamsEnded) : "–"}
          {status === "ACTIVE" && <span className="text-text-2"> on this server</span>}
        </dd>
        <dt>Runs</dt>
        <dd>
          {running && queued
            ? `${formatNumber(running.totalCount)} running, ${formatNumber(queued.totalCount)} queued`
            : "–"}
        </dd>
      </dl>
      {last && last.nodes.length > 0 && (
        <ul className="border-t border-line px-4 py-2" aria-label="The last runs">
          {last.nodes.map((run) => (
            <li key={run.id} className="flex min-h-7 items-center justify-between gap-3">
              <span className="flex min-w-0 items-center gap-3">
                <RunState status={run.status} />
                <Link to="/apps/$appId/runs/$runId" params={{ appId, runId: run.id }} className="link min-w-0 truncate">
                  <Name max={28}>{run.agent?.name ?? "a deleted agent"}</Name>
                </Link>
              </span>
              <span className="text-sm whitespace-nowrap text-text-2">
                <Time at={run.createdAt} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
