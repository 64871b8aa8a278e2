import { lazy, Suspense, useMemo } from "react";
import { formatExact, formatNumber } from "./format";
import { Verdict } from "./marks";

const Plot = lazy(() => import("./plot"));

/** Counts of one hour or day by verdict, as `usage` answers them. */
export interface VerdictRow {
  readonly from: string | null;
  readonly verdict: string | null;
  readonly requests: number | null;
}

interface VerdictPlotProps {
  readonly rows: readonly VerdictRow[];
  readonly from: string;
  readonly to: string;
  readonly unit: "hour" | "day";
}

const unitMs = { hour: 3_600_000, day: 86_400_000 };

/** Allowed and refused requests over time, zero where nothing was counted. */
export function seriesOf({ rows, from, to, unit }: VerdictPlotProps) {
  const step = unitMs[unit];
  const start = Math.floor(Date.parse(from) / step) * step;
  const length = Math.max(1, Math.ceil((Date.parse(to) - start) / step));
  const allowed = new Array<number>(length).fill(0);
  const refused = new Array<number>(length).fill(0);
  for (const { from: at, verdict, requests } of rows) {
    if (at === null) continue;
    const index = Math.floor((Date.parse(at) - start) / step);
    const values = verdict === "ALLOWED" ? allowed : refused;
    if (index >= 0 && index < length) values[index] = (values[index] ?? 0) + (requests ?? 0);
  }
  return { times: Array.from({ length }, (_, index) => (start + index * step) / 1_000), allowed, refused };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Requests by verdict over time, with the same numbers as a table. */
export function VerdictPlot(props: VerdictPlotProps) {
  const { times, allowed, refused } = useMemo(() => seriesOf(props), [props]);
  const series = useMemo(
    () => [
      { name: "Allowed", tone: "allow" as const, values: allowed },
      { name: "Refused", tone: "refuse" as const, values: refused },
    ],
    [allowed, refused],
  );
  const label = `Requests by ${props.unit}: ${formatNumber(sum(allowed))} allowed, ${formatNumber(sum(refused))} refused`;
  const busy = times.flatMap((time, index) => {
    const [ok, no] = [allowed[index] ?? 0, refused[index] ?? 0];
    return ok + no > 0 ? [{ time, ok, no }] : [];
  });
  return (
    <div className="flex flex-col gap-2 px-4 py-3">
      <p className="flex gap-6">
        <Verdict tone="allow">{formatNumber(sum(allowed))} allowed</Verdict>
        <Verdict tone="refuse">{formatNumber(sum(refused))} refused</Verdict>
      </p>
      <div className="min-h-[160px]">
        <Suspense>
          <Plot label={label} times={times} unit={props.unit} series={series} />
        </Suspense>
      </div>
      <details>
        <summary className="w-fit cursor-pointer text-sm text-text-2">As a table</summary>
        <div
          className="table-wrap mt-2 max-h-72 overflow-y-auto"
          tabIndex={0}
          role="group"
          aria-label="Requests over time"
        >
          <table className="table">
            <thead>
              <tr>
                <th>{props.unit === "hour" ? "Hour (UTC)" : "Day (UTC)"}</th>
                <th className="num">Allowed</th>
                <th className="num">Refused</th>
              </tr>
            </thead>
            <tbody>
              {busy.map(({ time, ok, no }) => (
                <tr key={time}>
                  <td>{formatExact(new Date(time * 1_000), "utc").slice(0, props.unit === "hour" ? 16 : 10)}</td>
                  <td className="num">{formatNumber(ok)}</td>
                  <td className="num">{formatNumber(no)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </div>
  );
}
