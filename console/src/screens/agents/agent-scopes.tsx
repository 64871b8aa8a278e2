import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { allPages } from "../../api/all-pages";
import { request } from "../../api/client";
import { PermissionMarks } from "../../parts/marks";
import { Card } from "../../parts/page";
import { Problem } from "../../parts/problem";
import { Name } from "../../parts/text";
import { AgentScopesDocument } from "./operations.generated";

/** The scopes of the app that reach the agent: to see it, or to execute it. */
export function AgentScopes({ appId, agentId }: { appId: string; agentId: string }) {
  const { data, error } = useQuery({
    queryKey: ["scopes", "of-agent", appId],
    queryFn: ({ signal }) =>
      allPages(async (after) => (await request(AgentScopesDocument, { appId, after }, { signal })).scopes),
  });
  const scopes = data?.filter(
    ({ permissions: { agents, runtime, agentAccess, agentIds } }) =>
      (agents !== "NONE" || runtime.includes("RUN")) && (agentAccess === "ALL" || agentIds.includes(agentId)),
  );
  return (
    <Card title="Scopes that reach it">
      <div className="px-4 py-3">
        <Problem error={error} />
        {scopes?.length === 0 && <p className="text-text-2">None: no key can see or execute it.</p>}
        <ul className="flex flex-col gap-2">
          {scopes?.map((scope) => (
            <li key={scope.id} className="flex items-center justify-between gap-3">
              <Link to="/apps/$appId/scopes/$scopeId" params={{ appId, scopeId: scope.id }} className="link min-w-0">
                <Name max={24}>{scope.name}</Name>
              </Link>
              <PermissionMarks {...scope.permissions} />
            </li>
          ))}
        </ul>
      </div>
    </Card>
  );
}
