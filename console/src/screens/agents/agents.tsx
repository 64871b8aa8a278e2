import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { request } from "../../api/client";
import { queryClient } from "../../api/queries";
import { count } from "../../parts/format";
import { Verdict } from "../../parts/marks";
import { MenuButton } from "../../parts/menu";
import { notify } from "../../parts/notices";
import { Empty, Page } from "../../parts/page";
import { Pager } from "../../parts/pager";
import { Problem } from "../../parts/problem";
import { Table } from "../../parts/table";
import { Name, Time } from "../../parts/text";
import { useAction } from "../../parts/use-action";
import { usePages } from "../../parts/use-pages";
import { useMay } from "../../parts/use-may";
import { AgentsDocument, type AgentsQuery, DeleteAgentDocument, UpdateAgentDocument } from "./operations.generated";

const ConfirmDialog = lazy(() => import("../../parts/confirm-dialog"));

type Agent = AgentsQuery["agents"]["nodes"][number];

/** The agents of an app. */
export function Agents() {
  const { appId } = useParams({ from: "/apps/$appId/agents" });
  const navigate = useNavigate();
  const may = useMay();
  const [deleted, setDeleted] = useState<Agent | null>(null);
  const pages = usePages(appId);
  const { data, error, refetch } = useQuery({
    queryKey: ["agents", appId, pages.page],
    queryFn: ({ signal }) => request(AgentsDocument, { appId, ...pages.page }, { signal }),
    placeholderData: keepPreviousData,
  });
  const toggle = useAction(async ({ id, name, enabled }: Agent) => {
    await request(UpdateAgentDocument, { input: { id, enabled: !enabled } });
    await queryClient.invalidateQueries({ queryKey: ["agents"] });
    notify(enabled ? `“${name}” is disabled. Executions of it are refused.` : `“${name}” is enabled.`);
  });
  const agents = data?.agents.nodes;
  const actions = (agent: Agent) => [
    ...(may("executeAgent")
      ? [
          {
            name: "Try",
            run: () => void navigate({ to: "/apps/$appId/try", params: { appId }, search: { agent: agent.id } }),
          },
        ]
      : []),
    {
      name: may("updateAgent") ? "Edit" : "Look at",
      run: () => void navigate({ to: "/apps/$appId/agents/$agentId", params: { appId, agentId: agent.id } }),
    },
    ...(may("updateAgent") ? [{ name: agent.enabled ? "Disable" : "Enable", run: () => void toggle.run(agent) }] : []),
    ...(may("deleteAgent") ? [{ name: "Delete", isDangerous: true, run: () => setDeleted(agent) }] : []),
  ];
  return (
    <Page
      title="Agents"
      lead="An agent is a model with instructions, settings and tools."
      actions={
        may("createAgent") && (
          <Link to="/apps/$appId/agents/new" params={{ appId }} className="btn btn-primary">
            New Agent
          </Link>
        )
      }
    >
      <Problem error={error} retry={() => void refetch()} />
      <Problem error={toggle.error} />
      {agents?.length === 0 && pages.number === 1 ? (
        <Empty
          title="There is no agent yet"
          action={
            <Link to="/apps/$appId/agents/new" params={{ appId }} className="btn">
              Create the first one
            </Link>
          }
        >
          The built-in model answers from documents and needs no provider.
        </Empty>
      ) : (
        (data ?? !error) && (
          <Table
            heads={["Name", { title: "Description", className: "wide" }, "Model", "Tools", "State", "Changed"]}
            buttons="Options"
          >
            {agents?.map((agent) => (
              <tr key={agent.id}>
                <td>
                  <Link
                    to="/apps/$appId/agents/$agentId"
                    params={{ appId, agentId: agent.id }}
                    className="link font-medium"
                  >
                    <Name max={36}>{agent.name}</Name>
                  </Link>
                </td>
                <td className="wide grow text-text-2">
                  <bdi>{agent.description}</bdi>
                </td>
                <td>
                  <code className="text-text-2">
                    <Name max={32}>{agent.model}</Name>
                  </code>
                </td>
                <td className="text-text-2">
                  {count(
                    agent.tools.reduce((sum, { allow }) => sum + allow.length, 0),
                    "tool",
                  )}
                </td>
                <td>
                  <Verdict tone={agent.enabled ? "allow" : "off"}>{agent.enabled ? "Enabled" : "Disabled"}</Verdict>
                </td>
                <td className="text-text-2">
                  <Time at={agent.updatedAt} />
                </td>
                <td className="fit">
                  <MenuButton label={`Options of ${agent.name}`} actions={() => actions(agent)} />
                </td>
              </tr>
            ))}
          </Table>
        )
      )}
      <Pager pages={pages} list={data?.agents} noun="agent" />
      <Suspense>
        {deleted && (
          <ConfirmDialog
            title={`Delete “${deleted.name}”?`}
            action="Delete the agent"
            pendingAction="Deleting…"
            onClose={() => setDeleted(null)}
            onConfirm={async () => {
              await request(DeleteAgentDocument, { input: { id: deleted.id } });
              await queryClient.invalidateQueries({ queryKey: ["agents"] });
              notify(`“${deleted.name}” is deleted.`);
            }}
          >
            <p>Its sessions and runs keep their messages and output.</p>
          </ConfirmDialog>
        )}
      </Suspense>
    </Page>
  );
}
