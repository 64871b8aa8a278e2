import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { request } from "../../api/client";
import { queryClient } from "../../api/queries";
import { formatBytes, formatDuration, formatNumber } from "../../parts/format";
import { Verdict } from "../../parts/marks";
import { notify } from "../../parts/notices";
import { Card, Page } from "../../parts/page";
import { Pager } from "../../parts/pager";
import { Problem } from "../../parts/problem";
import { Table } from "../../parts/table";
import { Name, Time } from "../../parts/text";
import { usePages } from "../../parts/use-pages";
import { useMay } from "../../parts/use-may";
import { NotFound } from "../shell/fallbacks";
import { SessionDetailsDocument, type SessionDetailsQuery, TerminateSessionDocument } from "./operations.generated";
import { isUnfinished, RunState, SessionState } from "./states";

const ConfirmDialog = lazy(() => import("../../parts/confirm-dialog"));

type Details = NonNullable<SessionDetailsQuery["session"]>;

/** How soon a run that goes on is seen to end. */
const pollIntervalMs = 3_000;

export function Session() {
  const { appId, sessionId } = useParams({ from: "/apps/$appId/sessions/$sessionId" });
  const may = useMay();
  const [isTerminating, setIsTerminating] = useState(false);
  const pages = usePages(sessionId);
  const { data, error, refetch } = useQuery({
    queryKey: ["sessions", "one", sessionId, pages.page],
    queryFn: ({ signal }) => request(SessionDetailsDocument, { id: sessionId, ...pages.page }, { signal }),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) =>
      state.data?.session?.runs.nodes.some(({ status }) => isUnfinished(status)) ? pollIntervalMs : false,
  });
  if (!data) return <Page title="Session">{error && <Problem error={error} retry={() => void refetch()} />}</Page>;
  const { session } = data;
  if (!session) return <NotFound />;
  const title = session.reference ?? "Session";
  return (
    <Page
      title={title}
      tab={`${title}, session`}
      above={
        <Link to="/apps/$appId/sessions" params={{ appId }} className="link">
          Sessions
        </Link>
      }
      lead={
        <span className="flex flex-wrap items-center gap-4">
          <SessionState status={session.status} />
          <code>{session.id}</code>
        </span>
      }
      actions={
        session.status === "ACTIVE" && (
          <>
            {may("executeAgent") && (
              <Link to="/apps/$appId/try" params={{ appId }} search={{ session: session.id }} className="btn">
                Continue
              </Link>
            )}
            {may("terminateSession") && (
              <button type="button" className="btn btn-danger" onClick={() => setIsTerminating(true)}>
                Terminate
              </button>
            )}
          </>
        )
      }
    >
      <div className="flex flex-col gap-4">
        <div className="grid items-start gap-4 lg:grid-cols-2">
          <Card title="About this session">
            <About session={session} />
          </Card>
          <Card title="Documents">
            <Documents documents={session.documents} />
          </Card>
        </div>
        <Runs appId={appId} runs={session.runs.nodes} />
        <Pager pages={pages} list={session.runs} noun="run" />
      </div>
      <Suspense>
        {isTerminating && (
          <ConfirmDialog
            title="Terminate this session?"
            action="Terminate"
            pendingAction="Terminating…"
            onClose={() => setIsTerminating(false)}
            onConfirm={async () => {
              await request(TerminateSessionDocument, { input: { id: session.id } });
              await queryClient.invalidateQueries({ queryKey: ["sessions"] });
              notify("The session is terminated.");
            }}
          >
            <p>Its runs are cancelled and its documents deleted. Its messages stay. This can't be undone.</p>
          </ConfirmDialog>
        )}
      </Suspense>
    </Page>
  );
}

function About({ session }: { session: Details }) {
  return (
    <dl className="facts">
      <dt>Reference</dt>
      <dd>{session.reference ? <Name>{session.reference}</Name> : "–"}</dd>
      <dt>User</dt>
      <dd>{session.userReference ? <Name>{session.userReference}</Name> : "–"}</dd>
      <dt>Opened</dt>
      <dd>
        <Time at={session.createdAt} focusable />
      </dd>
      <dt>Last activity</dt>
      <dd>
        <Time at={session.lastActivityAt} focusable />
      </dd>
      {session.terminatedAt && (
        <>
          <dt>Terminated</dt>
          <dd>
            <Time at={session.terminatedAt} focusable />
          </dd>
        </>
      )}
      {session.metadata && (
        <>
          <dt>Metadata</dt>
          <dd>
            <pre className="overflow-x-auto text-xs!" tabIndex={0} role="group" aria-label="Metadata">
              {JSON.stringify(session.metadata, null, 2)}
            </pre>
          </dd>
        </>
      )}
    </dl>
  );
}

function Documents({ documents }: { documents: Details["documents"] }) {
  if (documents.length === 0) return <p className="px-4 py-3 text-text-2">None.</p>;
  return (
    <ul className="flex flex-col gap-2 px-4 py-3">
      {documents.map(({ id, filename, mimeType, size, status, error }) => (
        <li key={id}>
          <span className="flex flex-wrap items-center justify-between gap-x-3">
            <Verdict tone={status === "READY" ? "allow" : status === "FAILED" ? "refuse" : "busy"}>
              <Name max={40}>{filename}</Name>
            </Verdict>
            <span className="text-sm text-text-2">
              {mimeType}, {formatBytes(size)}
            </span>
          </span>
          {error && <span className="block pl-4 text-sm text-refuse">{error}</span>}
        </li>
      ))}
    </ul>
  );
}

function Runs({ appId, runs }: { appId: string; runs: Details["runs"]["nodes"] }) {
  return (
    <section>
      <h2 className="mb-2">Runs</h2>
      {runs.length === 0 ? (
        <p className="text-text-2">Nothing was executed in it yet.</p>
      ) : (
        <Table
          heads={[
            "Message",
            "Agent",
            "State",
            "By",
            { title: "Tokens", className: "num" },
            { title: "Took", className: "num" },
            "Accepted",
          ]}
        >
          {runs.map((run) => (
            <tr key={run.id}>
              <td className="grow">
                <Link to="/apps/$appId/runs/$runId" params={{ appId, runId: run.id }} className="link">
                  <bdi>{run.input}</bdi>
                </Link>
              </td>
              <td>
                {run.agent ? <Name max={28}>{run.agent.name}</Name> : <span className="text-text-3">deleted</span>}
              </td>
              <td>
                <RunState status={run.status} />
              </td>
              <td className="text-text-2">{run.startedBy && <Name max={24}>{run.startedBy.name}</Name>}</td>
              <td className="num text-text-2">{run.usage ? formatNumber(run.usage.totalTokens) : "–"}</td>
              <td className="num text-text-2">
                {run.startedAt && run.finishedAt
                  ? formatDuration(Date.parse(run.finishedAt) - Date.parse(run.startedAt))
                  : "–"}
              </td>
              <td className="text-text-2">
                <Time at={run.createdAt} />
              </td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}
