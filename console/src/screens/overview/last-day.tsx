import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { request } from "../../api/client";
import { count, formatNumber } from "../../parts/format";
import { Verdict } from "../../parts/marks";
import { Card } from "../../parts/page";
import { Problem } from "../../parts/problem";
import { VerdictPlot } from "../../parts/verdict-plot";
import { OverviewUsageDocument } from "./operations.generated";

const hourMs = 3_600_000;

/** The requests of the last 24 hours by verdict, and what became of the runs. */
export function LastDay({ appId }: { appId: string }) {
  const from = useMemo(() => new Date(Math.floor(Date.now() / hourMs - 23) * hourMs).toISOString(), []);
  const { data, error } = useQuery({
    queryKey: ["usage", "last-day", appId, from],
    queryFn: ({ signal }) => request(OverviewUsageDocument, { appId, from }, { signal }),
    refetchInterval: 60_000,
  });
  const total = data?.total.total;
  const failed = total?.failedRuns ?? 0;
  return (
    <Card
      title="Requests of the last 24 hours"
      actions={
        <Link to="/apps/$appId/usage" params={{ appId }} className="link">
          Usage
        </Link>
      }
    >
      {error && (
        <div className="p-4">
          <Problem error={error} />
        </div>
      )}
      {data && <VerdictPlot rows={data.overTime.rows} from={data.overTime.from} to={data.overTime.to} unit="hour" />}
      {total && (
        <p className="flex flex-wrap gap-6 border-t border-line px-4 py-3">
          <Verdict tone="allow">{count((total.runs ?? 0) - failed, "run")} succeeded or cancelled</Verdict>
          <Verdict tone="refuse">{formatNumber(failed)} failed</Verdict>
          <span className="text-text-2">{count((total.inputTokens ?? 0) + (total.outputTokens ?? 0), "token")}</span>
        </p>
      )}
    </Card>
  );
}
