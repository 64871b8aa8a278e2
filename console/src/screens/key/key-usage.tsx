import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { request } from "../../api/client";
import { isOpen } from "../../api/requirements";
import { count } from "../../parts/format";
import { Verdict } from "../../parts/marks";
import { Card } from "../../parts/page";
import { Problem } from "../../parts/problem";
import { Time } from "../../parts/text";
import { VerdictPlot } from "../../parts/verdict-plot";
import type { KeyDetails } from "./key";
import { KeyUsageDocument } from "./operations.generated";

const days = 30;
const dayMs = 86_400_000;

/** The usage of a key in the last 30 days, and the permissions that its refused requests lacked. */
export function KeyUsage({ appId, apiKey }: { appId: string; apiKey: KeyDetails }) {
  const from = useMemo(() => new Date(Math.floor(Date.now() / dayMs - days) * dayMs).toISOString(), []);
  const { data, error } = useQuery({
    queryKey: ["usage", "key", apiKey.id, from],
    queryFn: ({ signal }) => request(KeyUsageDocument, { appId, id: apiKey.id, from }, { signal }),
    refetchInterval: 60_000,
  });
  const { permissions } = apiKey.scope;
  // A request is refused as a whole; of what it requires, only what the scope does not grant is missing.
  const missing = data?.missing.rows.filter(
    ({ verdict, permission }) =>
      verdict === "FORBIDDEN" && permission !== null && !isOpen({ requires: permission }, permissions),
  );
  return (
    <>
      <Card title="Use in the last 30 days">
        <div className="px-4 pt-3 empty:hidden">
          <Problem error={error} />
        </div>
        {data && <VerdictPlot rows={data.overTime.rows} from={data.overTime.from} to={data.overTime.to} unit="day" />}
      </Card>
      <Card title="Refusals">
        <div className="px-4 py-3">
          {missing?.length === 0 && (
            <p className="text-text-2">
              None for a permission that it still lacks, since <Time at={data?.overTime.dataSince} focusable />.
            </p>
          )}
          <ul className="flex flex-col gap-2">
            {missing?.map(({ permission, refusals, requests }) => (
              <li key={permission} className="flex items-center justify-between gap-3">
                <Verdict tone="refuse">
                  <code>{permission}</code> was missing in {count(refusals ?? requests ?? 0, "request")}
                </Verdict>
                <Link
                  to="/apps/$appId/scopes/$scopeId"
                  params={{ appId, scopeId: apiKey.scope.id }}
                  search={{ permission: permission?.split(" ")[0] }}
                  className="link text-sm"
                >
                  In the scope
                </Link>
              </li>
            ))}
          </ul>
        </div>
      </Card>
    </>
  );
}
