import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { request } from "../../api/client";
import { formatNumber } from "../../parts/format";
import { Card, Page } from "../../parts/page";
import { Problem } from "../../parts/problem";
import { Name, Time } from "../../parts/text";
import { useMay } from "../../parts/use-may";
import { actionName } from "../audit/difference";
import { NotFound } from "../shell/fallbacks";
import { Attention } from "./attention";
import { FirstSteps } from "./first-steps";
import { LastDay } from "./last-day";
import { OverviewChangesDocument, OverviewDocument } from "./operations.generated";

/** An app at a glance: what it has, which keys need a look, what was changed last. */
export function Overview() {
  const { appId } = useParams({ from: "/apps/$appId" });
  const may = useMay();
  const { data, error, refetch } = useQuery({
    queryKey: ["overview", appId],
    queryFn: ({ signal }) => request(OverviewDocument, { appId }, { signal }),
  });
  if (!data) return <Page title="Overview">{error && <Problem error={error} retry={() => void refetch()} />}</Page>;
  if (!data.app) return <NotFound />;
  const isUsed = data.used.totalCount > 0;
  const numbers = [
    { name: "Scopes", list: data.scopes, to: "/apps/$appId/scopes" },
    { name: "Active keys", list: data.keys, to: "/apps/$appId/scopes" },
    { name: "Agents", list: data.agents, to: "/apps/$appId/agents" },
  ] as const;
  return (
    <Page title={data.app.name} tab={`Overview of ${data.app.name}`} lead={data.app.description}>
      <div className="flex flex-col gap-4">
        {!isUsed && (
          <FirstSteps
            appId={appId}
            agentId={data.agents.nodes[0]?.id}
            scopeId={data.scopes.nodes[0]?.id}
            hasKey={data.keys.totalCount > 0}
          />
        )}
        <dl className="grid grid-cols-3 gap-4">
          {numbers.map(({ name, list, to }) => (
            <div key={name} className="card px-4 py-3">
              <dt className="text-sm text-text-2">{name}</dt>
              <dd className="mt-1 text-xl font-semibold">
                <Link to={to} params={{ appId }} className="text-text hover:underline">
                  {formatNumber(list.totalCount)}
                  {list.totalCountIsExact ? "" : "+"}
                </Link>
              </dd>
            </div>
          ))}
        </dl>
        {isUsed && may("usage") && <LastDay appId={appId} />}
        {isUsed && (
          <div className="grid items-start gap-4 lg:grid-cols-2">
            <Attention appId={appId} data={data} />
            {may("auditLog") && <LastChanges appId={appId} />}
          </div>
        )}
      </div>
    </Page>
  );
}

function LastChanges({ appId }: { appId: string }) {
  const { data, error } = useQuery({
    queryKey: ["audit", "last", appId],
    queryFn: ({ signal }) => request(OverviewChangesDocument, { appId }, { signal }),
  });
  return (
    <Card
      title="Last changes"
      actions={
        <Link to="/apps/$appId/audit" params={{ appId }} className="link">
          Audit
        </Link>
      }
    >
      <div className="px-4 py-3">
        <Problem error={error} />
        {data?.auditLog.nodes.length === 0 && <p className="text-text-2">None yet.</p>}
        <ul className="flex flex-col gap-1">
          {data?.auditLog.nodes.map(({ id, action, at, actor, target }) => (
            <li key={id} className="flex min-h-7 items-center justify-between gap-3">
              <span className="min-w-0 truncate">
                {actionName(action)} <Name max={28}>{target.name}</Name>
                <span className="text-text-2">
                  {" by "}
                  <Name max={20}>{actor.name}</Name>
                </span>
              </span>
              <span className="text-sm whitespace-nowrap text-text-2">
                <Time at={at} />
              </span>
            </li>
          ))}
        </ul>
      </div>
    </Card>
  );
}
