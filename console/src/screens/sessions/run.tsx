import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { request } from "../../api/client";
import { queryClient } from "../../api/queries";
import { formatDuration, formatNumber } from "../../parts/format";
import { Card, Page } from "../../parts/page";
import { Problem } from "../../parts/problem";
import { Name, Time } from "../../parts/text";
import { useAction } from "../../parts/use-action";
import { useMay } from "../../parts/use-may";
import { NotFound } from "../shell/fallbacks";
import { Callback } from "./callback";
import { CancelRunDocument, RunDetailsDocument, type RunDetailsQuery } from "./operations.generated";
import { isUnfinished, RunState } from "./states";
import { Timeline } from "./timeline";

type Details = NonNullable<RunDetailsQuery["run"]>;

/** How soon a change of state is seen; the events themselves come as a stream. */
const pollIntervalMs = 2_000;

export function Run() {
  const { appId, runId } = useParams({ from: "/apps/$appId/runs/$runId" });
  const may = useMay();
  const { data, error, refetch } = useQuery({
    queryKey: ["runs", runId],
    queryFn: ({ signal }) => request(RunDetailsDocument, { id: runId }, { signal }),
    refetchInterval: ({ state }) => (isUnfinished(state.data?.run?.status ?? "") ? pollIntervalMs : false),
  });
  const cancel = useAction(async () => {
    await request(CancelRunDocument, { input: { id: runId } });
    await queryClient.invalidateQueries({ queryKey: ["runs", runId] });
  });
  if (!data) return <Page title="Run">{error && <Problem error={error} retry={() => void refetch()} />}</Page>;
  const { run } = data;
  if (!run) return <NotFound />;
  const delivery = data.callbackDeliveries.nodes[0];
  return (
    <Page
      title="Run"
      tab={`Run of ${run.agent?.name ?? "a deleted agent"}`}
      above={
        <>
          <Link to="/apps/$appId/sessions" params={{ appId }} className="link">
            Sessions
          </Link>
          {" / "}
          <Link to="/apps/$appId/sessions/$sessionId" params={{ appId, sessionId: run.session.id }} className="link">
            <bdi>{run.session.reference ?? run.session.id}</bdi>
          </Link>
        </>
      }
      lead={
        <span className="flex flex-wrap items-center gap-4">
          <RunState status={run.status} />
          <code>{run.id}</code>
        </span>
      }
      actions={
        isUnfinished(run.status) &&
        may("cancelRun") && (
          <button
            type="button"
            className="btn btn-danger"
            aria-disabled={cancel.isPending}
            onClick={() => void cancel.run()}
          >
            {cancel.isPending ? "Cancelling…" : "Cancel the run"}
          </button>
        )
      }
    >
      <div className="flex flex-col gap-4">
        <Problem error={cancel.error} />
        {run.error && (
          <div role="alert" className="note note-refuse">
            <p>{run.error.message}</p>
            <code className="text-xs text-refuse">{run.error.code}</code>
          </div>
        )}
        <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_360px]">
          <Timeline key={runId} runId={runId} run={run} />
          <div className="flex flex-col gap-4">
            <Card title="About this run">
              <About appId={appId} run={run} />
            </Card>
            {delivery && <Callback delivery={delivery} />}
          </div>
        </div>
      </div>
    </Page>
  );
}

function About({ appId, run }: { appId: string; run: Details }) {
  const key = run.startedBy?.apiKey;
  return (
    <dl className="facts">
      <dt>Agent</dt>
      <dd>
        {run.agent ? (
          <Link to="/apps/$appId/agents/$agentId" params={{ appId, agentId: run.agent.id }} className="link">
            <Name>{run.agent.name}</Name>
          </Link>
        ) : (
          "deleted"
        )}
      </dd>
      <dt>By</dt>
      <dd>
        {key ? (
          <Link to="/apps/$appId/keys/$keyId" params={{ appId, keyId: key.id }} className="link">
            <Name>{run.startedBy?.name ?? ""}</Name>
          </Link>
        ) : (
          <bdi>{run.startedBy?.name ?? "–"}</bdi>
        )}
      </dd>
      <dt>Accepted</dt>
      <dd>
        <Time at={run.createdAt} focusable />
      </dd>
      <dt>Waited</dt>
      <dd>{run.startedAt ? formatDuration(Date.parse(run.startedAt) - Date.parse(run.createdAt)) : "–"}</dd>
      <dt>Took</dt>
      <dd>
        {run.startedAt && run.finishedAt ? formatDuration(Date.parse(run.finishedAt) - Date.parse(run.startedAt)) : "–"}
      </dd>
      <dt>Tokens</dt>
      <dd>
        {run.usage
          ? `${formatNumber(run.usage.inputTokens)} in, ${formatNumber(run.usage.outputTokens)} out${run.usage.estimated ? ", estimated" : ""}`
          : "–"}
      </dd>
    </dl>
  );
}
