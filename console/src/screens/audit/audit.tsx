import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { request } from "../../api/client";
import { SelectField, TextField } from "../../parts/fields";
import { Empty, Page } from "../../parts/page";
import { Pager } from "../../parts/pager";
import { Problem } from "../../parts/problem";
import { Table } from "../../parts/table";
import { usePages } from "../../parts/use-pages";
import { type AuditAction, auditActions } from "./actions";
import { ChainState } from "./chain-state";
import { actionName } from "./difference";
import { EntryRows } from "./entry-rows";
import { AuditLogDocument } from "./operations.generated";

export interface AuditSearch {
  readonly action?: string | undefined;
  readonly target?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** The audit log of an app. */
export function AppAudit() {
  const { appId } = useParams({ from: "/apps/$appId/audit" });
  const search = useSearch({ from: "/apps/$appId/audit" });
  const navigate = useNavigate({ from: "/apps/$appId/audit" });
  return (
    <Log
      appId={appId}
      search={search}
      onChange={(part) =>
        void navigate({ search: (before) => ({ ...before, ...part }), replace: true, resetScroll: false })
      }
    />
  );
}

/** The changes above apps: of administrators, and of apps themselves. */
export function ServerAudit() {
  const search = useSearch({ from: "/audit" });
  const navigate = useNavigate({ from: "/audit" });
  return (
    <Log
      search={search}
      onChange={(part) =>
        void navigate({ search: (before) => ({ ...before, ...part }), replace: true, resetScroll: false })
      }
    />
  );
}

interface LogProps {
  readonly appId?: string;
  readonly search: AuditSearch;
  readonly onChange: (part: AuditSearch) => void;
}

const startOf = (day: string): string => new Date(`${day}T00:00:00`).toISOString();
const endOf = (day: string): string => new Date(new Date(`${day}T00:00:00`).getTime() + 86_400_000).toISOString();

function Log({ appId, search, onChange }: LogProps) {
  const [opened, setOpened] = useState<string | null>(null);
  const pages = usePages(JSON.stringify([appId, search]));
  const filter = {
    // The server takes one of the two.
    ...(search.target ? { targetId: search.target } : search.action ? { action: search.action as AuditAction } : {}),
    ...(search.from ? { createdAfter: startOf(search.from) } : {}),
    ...(search.to ? { createdBefore: endOf(search.to) } : {}),
  };
  const { data, error, refetch } = useQuery({
    queryKey: ["audit", appId, filter, pages.page],
    queryFn: ({ signal }) => request(AuditLogDocument, { appId: appId ?? null, filter, ...pages.page }, { signal }),
    placeholderData: keepPreviousData,
  });
  const entries = data?.auditLog.nodes;
  const isFiltered = Object.keys(filter).length > 0;
  return (
    <Page
      title={appId ? "Audit" : "Audit of the server"}
      lead={
        appId
          ? "What was done and refused in this app. Entries are never changed: each has the hash of the one before it, and is signed."
          : "The changes above apps: sign-ins, administrators and apps."
      }
      actions={<ChainState key={appId} appId={appId} />}
    >
      <div className="mb-3 grid max-w-[760px] gap-3 sm:grid-cols-3">
        <SelectField
          label="Action"
          value={search.action ?? ""}
          disabled={search.target !== undefined}
          options={[
            { value: "", name: "any" },
            ...auditActions.map((action) => ({ value: action, name: actionName(action) })),
          ]}
          onChange={({ target }) => onChange({ action: target.value || undefined })}
        />
        <TextField
          label="From"
          type="date"
          value={search.from ?? ""}
          onChange={({ target }) => onChange({ from: target.value || undefined })}
        />
        <TextField
          label="To"
          type="date"
          value={search.to ?? ""}
          onChange={({ target }) => onChange({ to: target.value || undefined })}
        />
      </div>
      {search.target && (
        <p className="mb-3 flex items-center gap-3 text-sm">
          <span>
            Only what was done to <code>{search.target}</code>
          </span>
          <button type="button" className="btn btn-small" onClick={() => onChange({ target: undefined })}>
            Show all
          </button>
        </p>
      )}
      <Problem error={error} retry={() => void refetch()} />
      {entries?.length === 0 && pages.number === 1 ? (
        <Empty title={isFiltered ? "No entry matches" : "There is no entry yet"} />
      ) : (
        (data ?? !error) && (
          <Table heads={["When", "Who", "What", "To", "From", { title: "No.", className: "num" }]} buttons="Details">
            {entries?.map((entry) => (
              <EntryRows
                key={entry.id}
                entry={entry}
                isOpen={opened === entry.id}
                onToggle={() => setOpened(opened === entry.id ? null : entry.id)}
                onTarget={(target) => onChange({ target, action: undefined })}
              />
            ))}
          </Table>
        )
      )}
      <Pager pages={pages} list={data?.auditLog} noun="entry" plural="entries" />
    </Page>
  );
}
