import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { request } from "../../api/client";
import { SelectField, Segments } from "../../parts/fields";
import { formatNumber } from "../../parts/format";
import { Verdict } from "../../parts/marks";
import { Card, Empty, Page } from "../../parts/page";
import { Problem } from "../../parts/problem";
import { Name, Time } from "../../parts/text";
import { type Named, useNames } from "../../parts/use-names";
import { VerdictPlot } from "../../parts/verdict-plot";
import { csvOf } from "./csv";
import { UsageDocument, type UsageGroup, type UsageQuery } from "./operations.generated";

const route = "/apps/$appId/usage";
const periods = [
  { value: "1", name: "24 hours" },
  { value: "7", name: "7 days" },
  { value: "30", name: "30 days" },
] as const;
const groups: readonly { value: UsageGroup; name: string }[] = [
  { value: "KEY", name: "key" },
  { value: "SCOPE", name: "scope" },
  { value: "AGENT", name: "agent" },
  { value: "PERMISSION", name: "permission" },
  { value: "FIELD", name: "field of the API" },
  { value: "OPERATION", name: "operation" },
  { value: "VERDICT", name: "verdict" },
];

/** The groups whose rows have names. */
const namedBy: Partial<Record<UsageGroup, Named>> = { KEY: "apiKey", SCOPE: "scope", AGENT: "agent" };

type Row = UsageQuery["grouped"]["rows"][number];

const hourMs = 3_600_000;

/** The start of a period, on the hour, so that what was asked for stays the same for a while. */
const startOf = (days: number): string =>
  new Date(Math.floor((Date.now() - days * 24 * hourMs) / hourMs) * hourMs).toISOString();

/** The usage of the keys of an app: over time, and by key, scope, agent, permission or verdict. */
export function Usage() {
  const { appId } = useParams({ from: route });
  const search = useSearch({ from: route });
  const navigate = useNavigate({ from: route });
  const days = periods.find(({ value }) => value === search.days)?.value ?? "7";
  const by = groups.find(({ value }) => value === search.by)?.value ?? "KEY";
  const from = useMemo(() => startOf(Number(days)), [days]);
  const unit = days === "1" ? "hour" : "day";
  const { data, error, refetch } = useQuery({
    queryKey: ["usage", appId, by, from],
    queryFn: ({ signal }) =>
      request(
        UsageDocument,
        { appId, from, groupBy: [by], time: [unit === "hour" ? "HOUR" : "DAY", "VERDICT"] },
        { signal },
      ),
    placeholderData: keepPreviousData,
  });
  const rows = data?.grouped.rows ?? [];
  const named = namedBy[by];
  const idOf = ({ apiKeyId, scopeId, agentId }: Row) => apiKeyId ?? scopeId ?? agentId;
  const names = useNames(named ?? "apiKey", named ? rows.flatMap((row) => idOf(row) ?? []) : []);
  const nameOf = (row: Row): string => {
    if (named) {
      const id = idOf(row);
      if (id === null) return by === "KEY" ? "no key" : "none";
      const name = names?.get(id);
      return name ?? (by === "KEY" && name === null ? `no stored key, ${id}` : id);
    }
    if (by === "OPERATION")
      return row.operation
        ? `${row.operation.kind ?? ""} ${row.operation.name ?? row.operation.hash}`.trim()
        : "not valid";
    return row.permission ?? row.field ?? row.verdict?.toLowerCase() ?? "none";
  };
  const heads = [
    groups.find(({ value }) => value === by)?.name ?? "",
    "requests",
    "refused",
    "errors",
    "runs",
    "failed runs",
    "tokens in",
    "tokens out",
  ];
  const cells = (row: Row) => [
    row.requests,
    row.refusals,
    row.errors,
    row.runs,
    row.failedRuns,
    row.inputTokens,
    row.outputTokens,
  ];
  const csv = csvOf(
    heads,
    rows.map((row) => [nameOf(row), ...cells(row)]),
  );
  return (
    <Page
      title="Usage"
      lead={
        data && (
          <>
            Counted since <Time at={data.grouped.dataSince} focusable />; what was done earlier is not known.
          </>
        )
      }
      actions={
        rows.length > 0 && (
          <a
            className="btn"
            download={`usage-by-${by.toLowerCase()}.csv`}
            href={`data:text/csv;charset=utf-8,${encodeURIComponent(csv)}`}
          >
            Download CSV
          </a>
        )
      }
    >
      <div className="mb-4 flex flex-wrap items-end gap-4">
        <Segments
          label="Period"
          value={days}
          options={periods}
          onChange={(value) => void navigate({ search: { by: search.by, days: value }, replace: true })}
        />
        <div className="w-52">
          <SelectField
            label="By"
            value={by}
            options={groups}
            onChange={({ target }) => void navigate({ search: { days: search.days, by: target.value }, replace: true })}
          />
        </div>
      </div>
      <Problem error={error} retry={() => void refetch()} />
      {data && (
        <div className="flex flex-col gap-4">
          <Card title="Requests">
            <VerdictPlot rows={data.overTime.rows} from={data.overTime.from} to={data.overTime.to} unit={unit} />
          </Card>
          {rows.length === 0 ? (
            <Empty title="Nothing was counted in this period" />
          ) : (
            <div className="table-wrap" tabIndex={0} role="group" aria-label="Usage">
              <table className="table">
                <thead>
                  <tr>
                    {heads.map((head, index) => (
                      <th key={head} className={index > 0 ? "num" : undefined}>
                        {head.charAt(0).toUpperCase() + head.slice(1)}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {rows.map((row, index) => (
                    <tr key={index}>
                      <td>
                        {by === "VERDICT" ? (
                          <Verdict tone={row.verdict === "ALLOWED" ? "allow" : "refuse"}>{nameOf(row)}</Verdict>
                        ) : row.apiKeyId !== null && names?.get(row.apiKeyId) ? (
                          <Link to="/apps/$appId/keys/$keyId" params={{ appId, keyId: row.apiKeyId }} className="link">
                            <Name max={56}>{nameOf(row)}</Name>
                          </Link>
                        ) : (
                          <Name max={56}>{nameOf(row)}</Name>
                        )}
                      </td>
                      {cells(row).map((value, column) => (
                        <td key={heads[column + 1]} className="num">
                          {value === null ? <span className="text-text-3">–</span> : formatNumber(value)}
                        </td>
                      ))}
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
          {data.grouped.hasMoreRows && (
            <p className="text-sm text-text-2">
              There is more: the first 1,000 rows are shown. Choose a shorter period.
            </p>
          )}
        </div>
      )}
    </Page>
  );
}
