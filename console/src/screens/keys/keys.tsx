import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { request } from "../../api/client";
import { queryClient } from "../../api/queries";
import { formatNumber } from "../../parts/format";
import { PermissionMarks } from "../../parts/marks";
import { Empty, Page } from "../../parts/page";
import { Pager } from "../../parts/pager";
import { Problem } from "../../parts/problem";
import { usePages } from "../../parts/use-pages";
import { useMay } from "../../parts/use-may";
import { preload } from "../../parts/preload";
import { NotFound } from "../shell/fallbacks";
import { KeysFilter } from "./keys-filter";
import { KeysTable } from "./keys-table";
import { KeysDocument, type KeysQuery } from "./operations.generated";
import { filterOf, type KeysSearch, orderOf } from "./search";

const loadNewKey = () => import("./new-key");
const NewKey = lazy(loadNewKey);
const RevokeKeys = lazy(() => import("./revoke-keys"));

export type KeyRow = KeysQuery["apiKeys"]["nodes"][number];

/** The keys of a scope: found, made and revoked here. */
export function Keys() {
  const { appId, scopeId } = useParams({ from: "/apps/$appId/scopes/$scopeId/keys" });
  const search = useSearch({ from: "/apps/$appId/scopes/$scopeId/keys" });
  const navigate = useNavigate({ from: "/apps/$appId/scopes/$scopeId/keys" });
  const may = useMay();
  const [open, setOpen] = useState<{ kind: "new" } | { kind: "revoke"; ids: readonly string[] } | null>(null);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const pages = usePages(JSON.stringify([scopeId, search]));
  const filter = filterOf(search, scopeId);
  const { data, error, refetch } = useQuery({
    queryKey: ["keys", appId, filter, search.sort, pages.page],
    queryFn: ({ signal }) =>
      request(KeysDocument, { appId, scopeId, filter, orderBy: orderOf(search.sort), ...pages.page }, { signal }),
    placeholderData: keepPreviousData,
    // Nothing under a dialog with a secret changes.
    enabled: open?.kind !== "new",
  });
  if (data && !data.scope) return <NotFound />;
  const change = (part: KeysSearch) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: true, resetScroll: false });
  const keys = data?.apiKeys.nodes;
  const isFiltered = Object.entries(search).some(([name, value]) => name !== "sort" && value !== undefined);
  const chosen = keys?.filter(({ id, status }) => status === "ACTIVE" && selected.has(id)) ?? [];
  const close = async () => {
    setOpen(null);
    await queryClient.invalidateQueries({ queryKey: ["keys"] });
    await queryClient.invalidateQueries({ queryKey: ["scopes"] });
  };
  const newKey = (
    <button
      type="button"
      className="btn btn-primary"
      onPointerEnter={preload(loadNewKey)}
      onFocus={preload(loadNewKey)}
      onClick={() => setOpen({ kind: "new" })}
    >
      New API Key
    </button>
  );
  return (
    <Page
      title={data?.scope?.name ?? "Keys"}
      tab={data?.scope ? `Keys of ${data.scope.name}` : "Keys"}
      above={
        <Link to="/apps/$appId/scopes" params={{ appId }} className="link">
          Scopes
        </Link>
      }
      lead={
        data?.scope && (
          <span className="flex flex-wrap items-center gap-x-4 gap-y-1">
            <PermissionMarks {...data.scope.permissions} />
            <Link to="/apps/$appId/scopes/$scopeId" params={{ appId, scopeId }} className="link">
              Edit the scope
            </Link>
          </span>
        )
      }
      actions={may("createApiKey") && newKey}
    >
      <KeysFilter search={search} onChange={change} />
      <Problem error={error} retry={() => void refetch()} />
      {keys?.length === 0 && pages.number === 1 ? (
        isFiltered ? (
          <Empty
            title="No key matches"
            action={
              <button type="button" className="btn" onClick={() => void navigate({ search: {}, replace: true })}>
                Clear the filter
              </button>
            }
          />
        ) : (
          <Empty title="This scope has no active key">Create one: its secret is shown once.</Empty>
        )
      ) : (
        (data ?? !error) && (
          <KeysTable
            appId={appId}
            keys={keys}
            search={search}
            onSearch={change}
            selected={selected}
            onSelect={setSelected}
          />
        )
      )}
      <Pager pages={pages} list={data?.apiKeys} noun="key" />
      {chosen.length > 0 && may("revokeApiKeys") && (
        <div className="sticky bottom-4 mt-3 flex flex-wrap items-center gap-3 rounded border border-line bg-raised px-4 py-2 shadow-popup">
          <span aria-live="polite">{formatNumber(chosen.length)} selected</span>
          <button
            type="button"
            className="btn btn-small btn-danger"
            onClick={() => setOpen({ kind: "revoke", ids: chosen.map(({ id }) => id) })}
          >
            Revoke…
          </button>
          <button type="button" className="btn btn-small" onClick={() => setSelected(new Set())}>
            Clear
          </button>
        </div>
      )}
      <Suspense>
        {open?.kind === "new" && <NewKey appId={appId} scopeId={scopeId} onClose={() => void close()} />}
        {open?.kind === "revoke" && (
          <RevokeKeys
            ids={open.ids}
            onClose={() => setOpen(null)}
            onRevoked={() => {
              setSelected(new Set());
              void close();
            }}
          />
        )}
      </Suspense>
    </Page>
  );
}
