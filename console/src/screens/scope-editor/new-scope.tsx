import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { request } from "../../api/client";
import { hasCode } from "../../api/errors";
import { queryClient } from "../../api/queries";
import { PermissionMarks } from "../../parts/marks";
import { Page } from "../../parts/page";
import { Problem } from "../../parts/problem";
import { useAction } from "../../parts/use-action";
import { emptyDraft, inputOf } from "./draft";
import { CreateScopeDocument, ScopePresetsDocument } from "./operations.generated";
import { ScopeForm } from "./scope-form";
import { WhatThisOpens } from "./what-this-opens";

const presetNames: Readonly<Record<string, string>> = {
  AGENT_MANAGER: "Agent manager",
  READ_ONLY: "Read only",
  RUNNER: "Runner",
  UPLOADER: "Uploader",
};

/** A new scope, from nothing or from a preset; leads on to its keys. */
export function NewScope() {
  const { appId } = useParams({ from: "/apps/$appId/scopes/new" });
  const navigate = useNavigate();
  const [draft, setDraft] = useState(emptyDraft);
  const [hint, setHint] = useState<string>();
  const presets = useQuery({
    queryKey: ["scope-presets"],
    queryFn: ({ signal }) => request(ScopePresetsDocument, {}, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const { run, isPending, error } = useAction(async () => {
    if (draft.name.trim() === "") {
      setHint("Enter a name.");
      return;
    }
    const { createScope } = await request(CreateScopeDocument, { input: { appId, ...inputOf(draft) } });
    await queryClient.invalidateQueries({ queryKey: ["scopes"] });
    await navigate({ to: "/apps/$appId/scopes/$scopeId/keys", params: { appId, scopeId: createScope.scope.id } });
  });
  const nameFault = hint ?? (hasCode(error, "CONFLICT") ? error.message : undefined);
  return (
    <Page
      title="New Scope"
      above={
        <Link to="/apps/$appId/scopes" params={{ appId }} className="link">
          Scopes
        </Link>
      }
      lead="Say what its keys may do. Nothing that is not granted is allowed."
    >
      <ScopeForm
        appId={appId}
        draft={draft}
        error={error}
        nameFault={nameFault}
        onChange={(next) => {
          setDraft(next);
          setHint(undefined);
        }}
        onSubmit={() => void run()}
        above={
          <section className="card" aria-labelledby="presets-title">
            <div className="card-head">
              <h2 id="presets-title">Begin with</h2>
            </div>
            <div className="grid gap-px sm:grid-cols-2">
              {presets.data?.scopePresets.map(({ preset, description, permissions }) => (
                <button
                  key={preset}
                  type="button"
                  className="flex cursor-pointer flex-col items-start gap-1 rounded px-4 py-3 text-left hover:bg-hover"
                  onClick={() =>
                    setDraft({ ...draft, permissions, name: draft.name || (presetNames[preset] ?? preset) })
                  }
                >
                  <span className="flex w-full items-center justify-between gap-3">
                    <span className="font-medium">{presetNames[preset] ?? preset}</span>
                    <PermissionMarks {...permissions} />
                  </span>
                  <span className="text-sm text-text-2">{description}</span>
                </button>
              ))}
            </div>
          </section>
        }
        aside={<WhatThisOpens permissions={draft.permissions} />}
        foot={
          <div className="flex flex-col gap-3">
            {nameFault === undefined && <Problem error={error} />}
            <div className="flex gap-2">
              <button type="submit" className="btn btn-primary" aria-disabled={isPending}>
                {isPending ? "Creating…" : "Create"}
              </button>
              <Link to="/apps/$appId/scopes" params={{ appId }} className="btn">
                Cancel
              </Link>
            </div>
          </div>
        }
      />
    </Page>
  );
}
