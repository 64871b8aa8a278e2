import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { request } from "../../api/client";
import { hasCode } from "../../api/errors";
import { queryClient } from "../../api/queries";
import { ChangesList } from "../../parts/changes";
import { notify } from "../../parts/notices";
import { Card, Page } from "../../parts/page";
import { Problem } from "../../parts/problem";
import { useAction } from "../../parts/use-action";
import { useMay } from "../../parts/use-may";
import { NotFound } from "../shell/fallbacks";
import { AgentForm } from "./agent-form";
import { AgentScopes } from "./agent-scopes";
import { changesBetween, draftOf, emptyDraft, inputOf } from "./draft";
import {
  type AgentFieldsFragment,
  CreateAgentDocument,
  EditedAgentDocument,
  UpdateAgentDocument,
} from "./operations.generated";

const ConflictDialog = lazy(() => import("../../parts/conflict-dialog"));

const load = (id: string, signal?: AbortSignal) => request(EditedAgentDocument, { id }, { signal });

export function EditAgent() {
  const { appId, agentId } = useParams({ from: "/apps/$appId/agents/$agentId" });
  const { data, error, refetch } = useQuery({
    queryKey: ["agents", "one", agentId],
    queryFn: ({ signal }) => load(agentId, signal),
  });
  if (!data) return <Page title="Agent">{error && <Problem error={error} retry={() => void refetch()} />}</Page>;
  return data.agent ? <Editor key={agentId} appId={appId} loaded={data.agent} /> : <NotFound />;
}

export function NewAgent() {
  const { appId } = useParams({ from: "/apps/$appId/agents/new" });
  return <Editor appId={appId} />;
}

/** Creates or changes an agent; never overwrites what somebody else has saved meanwhile. */
function Editor({ appId, loaded }: { appId: string; loaded?: AgentFieldsFragment }) {
  const navigate = useNavigate();
  const may = useMay();
  // The version that the draft is based on, not that of a refetch: else a conflict would go unnoticed.
  const [stored, setStored] = useState(() => ({
    version: loaded?.version ?? 0,
    draft: loaded ? draftOf(loaded) : emptyDraft,
  }));
  const [draft, setDraft] = useState(stored.draft);
  const [theirs, setTheirs] = useState<AgentFieldsFragment | null>(null);
  const [hint, setHint] = useState<string>();
  const changes = changesBetween(stored.draft, draft);

  const save = async (id: string, expectedVersion: number) => {
    try {
      const { updateAgent } = await request(UpdateAgentDocument, { input: { id, ...inputOf(draft), expectedVersion } });
      setTheirs(null);
      setStored({ version: updateAgent.agent.version, draft: draftOf(updateAgent.agent) });
      setDraft(draftOf(updateAgent.agent));
      await queryClient.invalidateQueries({ queryKey: ["agents"] });
      notify("Saved. Runs that are being executed are not affected.");
    } catch (failure) {
      if (!hasCode(failure, "CONFLICT")) throw failure;
      const current = (await load(id)).agent;
      // A conflict about the name leaves the version as it is.
      if (!current || current.version === expectedVersion) throw failure;
      setTheirs(current);
    }
  };
  const { run, isPending, error } = useAction(async () => {
    if (draft.name.trim() === "") {
      setHint("Enter a name.");
      return;
    }
    if (loaded) {
      if (changes.length > 0) await save(loaded.id, stored.version);
      return;
    }
    const { createAgent } = await request(CreateAgentDocument, { input: { appId, ...inputOf(draft) } });
    await queryClient.invalidateQueries({ queryKey: ["agents"] });
    await navigate({ to: "/apps/$appId/try", params: { appId }, search: { agent: createAgent.agent.id } });
  });
  const nameFault = hint ?? (hasCode(error, "CONFLICT") ? error.message : undefined);
  return (
    <Page
      title={loaded?.name ?? "New Agent"}
      tab={loaded ? `${loaded.name}, agent` : "New Agent"}
      above={
        <Link to="/apps/$appId/agents" params={{ appId }} className="link">
          Agents
        </Link>
      }
      actions={
        loaded &&
        may("executeAgent") && (
          <Link to="/apps/$appId/try" params={{ appId }} search={{ agent: loaded.id }} className="btn">
            Try
          </Link>
        )
      }
    >
      <form
        noValidate
        className="grid items-start gap-6 lg:grid-cols-[minmax(0,1fr)_320px]"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <div className="flex min-w-0 flex-col gap-6">
          <AgentForm
            appId={appId}
            draft={draft}
            error={error}
            nameFault={nameFault}
            onChange={(next) => {
              setDraft(next);
              setHint(undefined);
            }}
          />
          {nameFault === undefined && <Problem error={error} />}
          {may(loaded ? "updateAgent" : "createAgent") && (
            <div className="flex gap-2">
              <button
                type="submit"
                className="btn btn-primary"
                aria-disabled={isPending || (loaded !== undefined && changes.length === 0)}
              >
                {loaded ? (isPending ? "Saving…" : "Save") : isPending ? "Creating…" : "Create"}
              </button>
              <button
                type="button"
                className="btn"
                disabled={changes.length === 0}
                onClick={() => setDraft(stored.draft)}
              >
                Discard the changes
              </button>
            </div>
          )}
        </div>
        {loaded && (
          <div className="flex min-w-0 flex-col gap-4 lg:sticky lg:top-4">
            <Card title="Changes">
              <div className="px-4 py-3">
                {changes.length > 0 ? <ChangesList changes={changes} /> : <p className="text-text-2">None yet.</p>}
              </div>
            </Card>
            <AgentScopes appId={appId} agentId={loaded.id} />
          </div>
        )}
      </form>
      <Suspense>
        {theirs && loaded && (
          <ConflictDialog
            noun="agent"
            theirs={changesBetween(stored.draft, draftOf(theirs))}
            yours={changes}
            savedAt={theirs.updatedAt}
            onKeepYours={() => save(loaded.id, theirs.version)}
            onTakeTheirs={() => {
              setStored({ version: theirs.version, draft: draftOf(theirs) });
              setDraft(draftOf(theirs));
              setTheirs(null);
            }}
            onClose={() => setTheirs(null)}
          />
        )}
      </Suspense>
    </Page>
  );
}
