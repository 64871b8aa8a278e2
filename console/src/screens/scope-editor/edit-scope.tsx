import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { request } from "../../api/client";
import { hasCode } from "../../api/errors";
import { queryClient } from "../../api/queries";
import { ChangesList } from "../../parts/changes";
import { count } from "../../parts/format";
import { Card, Page } from "../../parts/page";
import { notify } from "../../parts/notices";
import { Problem } from "../../parts/problem";
import { useAction } from "../../parts/use-action";
import { useMay } from "../../parts/use-may";
import { NotFound } from "../shell/fallbacks";
import { changesBetween, draftOf, inputOf, type ScopeDraft } from "./draft";
import {
  EditedScopeDocument,
  type EditedScopeQuery,
  UpdateScopeDocument,
  type UpdateScopeMutation,
} from "./operations.generated";
import { ScopeForm } from "./scope-form";
import { WhatThisOpens } from "./what-this-opens";

const ReviewDialog = lazy(() => import("./review-dialog"));
const ConflictDialog = lazy(() => import("../../parts/conflict-dialog"));

type Scope = NonNullable<EditedScopeQuery["scope"]>;
export type ShutOutKeys = UpdateScopeMutation["updateScope"]["shutOutKeys"];

const load = (id: string, signal?: AbortSignal) => request(EditedScopeDocument, { id }, { signal });

export function EditScope() {
  const { scopeId } = useParams({ from: "/apps/$appId/scopes/$scopeId" });
  const { data, error, refetch } = useQuery({
    queryKey: ["scopes", "one", scopeId],
    queryFn: ({ signal }) => load(scopeId, signal),
  });
  if (error && !data)
    return (
      <Page title="Scope">
        <Problem error={error} retry={() => void refetch()} />
      </Page>
    );
  if (!data) return <Page title="Scope">{null}</Page>;
  return data.scope ? <Editor key={scopeId} loaded={data.scope} /> : <NotFound />;
}

/** Changes a scope: shows what a change leads to, and never overwrites what somebody else has saved meanwhile. */
function Editor({ loaded }: { loaded: Scope }) {
  const may = useMay();
  const { permission } = useSearch({ from: "/apps/$appId/scopes/$scopeId" });
  const appId = loaded.app.id;
  // The version that the draft is based on, not that of a refetch: else a conflict would go unnoticed.
  const [stored, setStored] = useState<Pick<Scope, "version"> & { draft: ScopeDraft }>(() => ({
    version: loaded.version,
    draft: draftOf(loaded),
  }));
  const [draft, setDraft] = useState(stored.draft);
  const [review, setReview] = useState<ShutOutKeys | null>(null);
  const [theirs, setTheirs] = useState<Scope | null>(null);
  const changes = changesBetween(stored.draft, draft);
  const isNarrower = changes.some(({ effect }) => effect === "less");

  const send = async (dryRun: boolean, expectedVersion = stored.version) => {
    try {
      const input = { id: loaded.id, ...inputOf(draft), expectedVersion, dryRun };
      return (await request(UpdateScopeDocument, { input })).updateScope;
    } catch (failure) {
      if (!hasCode(failure, "CONFLICT")) throw failure;
      const current = (await load(loaded.id)).scope;
      // A conflict about the name leaves the version as it is.
      if (!current || current.version === expectedVersion) throw failure;
      setReview(null);
      setTheirs(current);
      return null;
    }
  };
  const save = async (expectedVersion?: number) => {
    const saved = await send(false, expectedVersion);
    if (!saved) return;
    setReview(null);
    setTheirs(null);
    setStored({ version: saved.scope.version, draft: draftOf(saved.scope) });
    setDraft(draftOf(saved.scope));
    await queryClient.invalidateQueries({ queryKey: ["scopes"] });
    notify("Saved. The change is in effect for all keys of the scope.");
  };
  const { run, isPending, error } = useAction(async () => {
    if (changes.length === 0) return;
    if (!isNarrower) {
      await save();
      return;
    }
    const answer = await send(true);
    if (answer) setReview(answer.shutOutKeys);
  });
  const nameFault = hasCode(error, "CONFLICT") ? error.message : undefined;
  const keys = count(loaded.apiKeys.totalCount, "active key");
  return (
    <Page
      title={loaded.name}
      tab={`${loaded.name}, scope`}
      above={
        <Link to="/apps/$appId/scopes" params={{ appId }} className="link">
          Scopes
        </Link>
      }
      actions={
        <Link to="/apps/$appId/scopes/$scopeId/keys" params={{ appId, scopeId: loaded.id }} className="btn">
          Manage Keys
        </Link>
      }
    >
      <ScopeForm
        appId={appId}
        draft={draft}
        error={error}
        nameFault={nameFault}
        highlighted={permission}
        onChange={setDraft}
        onSubmit={() => void run()}
        aside={
          <>
            <Card title="Changes">
              <div className="px-4 py-3">
                {changes.length > 0 ? <ChangesList changes={changes} /> : <p className="text-text-2">None yet.</p>}
              </div>
            </Card>
            <WhatThisOpens permissions={draft.permissions} stored={stored.draft.permissions} />
          </>
        }
        foot={
          <div className="flex flex-col gap-3">
            {nameFault === undefined && <Problem error={error} />}
            {may("updateScope") && (
              <div className="flex flex-wrap items-center gap-2">
                <button type="submit" className="btn btn-primary" aria-disabled={isPending || changes.length === 0}>
                  {isPending ? "Checking…" : "Save"}
                </button>
                <button
                  type="button"
                  className="btn"
                  disabled={changes.length === 0}
                  onClick={() => setDraft(stored.draft)}
                >
                  Discard the changes
                </button>
                <span className="text-sm text-text-2">In effect at once for {keys}.</span>
              </div>
            )}
          </div>
        }
      />
      <Suspense>
        {review && (
          <ReviewDialog
            changes={changes}
            appId={appId}
            scopeId={loaded.id}
            next={draft.permissions}
            shutOutKeys={review}
            keys={keys}
            onSave={() => save()}
            onClose={() => setReview(null)}
          />
        )}
        {theirs && (
          <ConflictDialog
            noun="scope"
            theirs={changesBetween(stored.draft, draftOf(theirs))}
            yours={changes}
            savedAt={theirs.updatedAt}
            onKeepYours={() => save(theirs.version)}
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
