import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { request } from "../../api/client";
import type { Grants } from "../../api/requirements";
import { requirementsQuery } from "../../api/schema-text";
import { count } from "../../parts/format";
import { Verdict } from "../../parts/marks";
import { Problem } from "../../parts/problem";
import { Time } from "../../parts/text";
import { impactOf } from "./impact";
import { ScopeFieldUseDocument } from "./operations.generated";

const hourMs = 3_600_000;
const days = 30;

interface ImpactViewProps {
  readonly appId: string;
  readonly scopeId: string;
  /** The permissions after the change. */
  readonly next: Grants;
}

/** The requests of the scope's keys in the last 30 days that a change would refuse. No data is never shown as safe. */
export function ImpactView({ appId, scopeId, next }: ImpactViewProps) {
  const from = useMemo(() => new Date(Math.floor(Date.now() / hourMs - days * 24) * hourMs).toISOString(), []);
  const requirements = useQuery(requirementsQuery);
  const { data, error } = useQuery({
    queryKey: ["usage", "fields", appId, from],
    queryFn: ({ signal }) => request(ScopeFieldUseDocument, { appId, from }, { signal }),
  });
  if (error) return <Problem error={error} />;
  if (!data || !requirements.data) return <Verdict tone="busy">Looking at the last 30 days…</Verdict>;
  const own = data.usage.rows.filter((row) => row.scopeId === scopeId);
  const refused = impactOf(own, scopeId, next, requirements.data);
  const since = <Time at={data.usage.dataSince} focusable />;
  if (refused.length === 0)
    return (
      <Verdict tone="unknown">
        {own.length === 0
          ? "No data: no request of this scope's keys was counted"
          : "Nothing that was counted would be refused"}
        , since {since}
        {data.usage.hasMoreRows && "; not all keys and fields were looked at"}.
      </Verdict>
    );
  return (
    <div className="note note-refuse">
      <p className="mb-1">Of the last 30 days' requests (counted since {since}) these would be refused:</p>
      <ul className="flex flex-col gap-1">
        {refused.map(({ field, requests, keys }) => (
          <li key={field} className="flex flex-wrap justify-between gap-x-3">
            <code>{field}</code>
            <span>
              {count(requests, "request")} of {count(keys, "key")}
            </span>
          </li>
        ))}
      </ul>
      {data.usage.hasMoreRows && <p className="mt-1">There may be more: not all keys and fields were looked at.</p>}
    </div>
  );
}
