import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Verdict } from "../../parts/marks";
import { SkeletonRows } from "../../parts/page";
import { Name, Time } from "../../parts/text";
import type { KeyRow } from "./keys";
import { type KeysSearch, type SortField, sortOf } from "./search";

interface KeysTableProps {
  readonly appId: string;
  readonly keys: readonly KeyRow[] | undefined;
  readonly search: KeysSearch;
  readonly onSearch: (part: KeysSearch) => void;
  readonly selected: ReadonlySet<string>;
  readonly onSelect: (selected: ReadonlySet<string>) => void;
}

export function KeysTable({ appId, keys, search, onSearch, selected, onSelect }: KeysTableProps) {
  const active = keys?.filter(({ status }) => status === "ACTIVE") ?? [];
  const chosen = active.filter(({ id }) => selected.has(id)).length;
  const toggle = (ids: readonly string[], isChosen: boolean) => {
    const next = new Set(selected);
    for (const id of ids) {
      if (isChosen) next.add(id);
      else next.delete(id);
    }
    onSelect(next);
  };
  const heads = { search, onSearch };
  return (
    <div className="table-wrap">
      <table className="table">
        <thead>
          <tr>
            <th className="fit">
              <input
                type="checkbox"
                className="check align-middle"
                aria-label="Select all active keys on this page"
                checked={chosen > 0 && chosen === active.length}
                ref={(box) => {
                  if (box) box.indeterminate = chosen > 0 && chosen < active.length;
                }}
                disabled={active.length === 0}
                onChange={({ target }) =>
                  toggle(
                    active.map(({ id }) => id),
                    target.checked,
                  )
                }
              />
            </th>
            <SortHead field="name" {...heads}>
              Name
            </SortHead>
            <th>Status</th>
            <th>Key</th>
            <th>Owner</th>
            <th>Labels</th>
            <SortHead field="created" {...heads}>
              Created
            </SortHead>
            <SortHead field="used" {...heads}>
              Last used
            </SortHead>
            <th>From</th>
          </tr>
        </thead>
        <tbody>
          {!keys && <SkeletonRows columns={9} />}
          {keys?.map((key) => (
            <tr key={key.id} data-selected={selected.has(key.id) && key.status === "ACTIVE"}>
              <td className="fit">
                <input
                  type="checkbox"
                  className="check align-middle"
                  aria-label={`Select ${key.name}`}
                  checked={selected.has(key.id) && key.status === "ACTIVE"}
                  disabled={key.status !== "ACTIVE"}
                  onChange={({ target }) => toggle([key.id], target.checked)}
                />
              </td>
              <td className="name">
                <Link
                  to="/apps/$appId/keys/$keyId"
                  params={{ appId, keyId: key.id }}
                  className={key.status === "ACTIVE" ? "link font-medium" : "link font-medium text-text-2!"}
                >
                  <Name max={28}>{key.name}</Name>
                </Link>
              </td>
              <td>
                <KeyStatus status={key.status} revokesAt={key.revokesAt} />
              </td>
              <td>
                <code className="text-text-2">{key.hint}</code>
              </td>
              <td className="text-text-2">{key.owner && <Name max={24}>{key.owner}</Name>}</td>
              <td>
                <Labels environment={key.environment} tags={key.tags} onSearch={onSearch} />
              </td>
              <td className="text-text-2">
                <Time at={key.createdAt} />
              </td>
              <td className="text-text-2">
                <Time at={key.lastUsedAt} none="never" />
              </td>
              <td className="text-text-2">{key.lastUsedFrom && <code>{key.lastUsedFrom}</code>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A revoked key is grey, not red: it is dead, and nothing is wrong with it. */
export function KeyStatus({ status, revokesAt }: { status: string; revokesAt: string | null }) {
  if (status !== "ACTIVE") return <Verdict tone="off">Revoked</Verdict>;
  if (revokesAt)
    return (
      <Verdict tone="unknown">
        Ends <Time at={revokesAt} />
      </Verdict>
    );
  return <Verdict tone="allow">Active</Verdict>;
}

function Labels(props: { environment: string | null; tags: readonly string[]; onSearch: (part: KeysSearch) => void }) {
  const { environment, tags, onSearch } = props;
  const all = [...(environment ? [{ environment }] : []), ...tags.map((tag) => ({ tag }))];
  return (
    <span className="flex gap-1">
      {all.slice(0, 3).map((part) => {
        const label = "tag" in part ? part.tag : part.environment;
        return (
          <button
            key={JSON.stringify(part)}
            type="button"
            className="cursor-pointer rounded-sm border border-line px-1 text-xs text-text-2 hover:bg-press"
            aria-label={`Show keys with ${"tag" in part ? "the tag" : "the environment"} ${label}`}
            onClick={() => onSearch(part)}
          >
            <Name max={16}>{label}</Name>
          </button>
        );
      })}
      {all.length > 3 && (
        <span className="text-xs text-text-3" data-tip={tags.join(", ")}>
          +{all.length - 3}
        </span>
      )}
    </span>
  );
}

interface SortHeadProps {
  readonly field: SortField;
  readonly search: KeysSearch;
  readonly onSearch: (part: KeysSearch) => void;
  readonly children: ReactNode;
}

function SortHead({ field, search, onSearch, children }: SortHeadProps) {
  const current = sortOf(search.sort);
  const isSorted = current.field === field;
  // Names begin with A, times with the newest.
  const next = isSorted ? !current.isDescending : field !== "name";
  return (
    <th aria-sort={isSorted ? (current.isDescending ? "descending" : "ascending") : "none"}>
      <button
        type="button"
        className="sort"
        onClick={() =>
          onSearch({ sort: `${next ? "-" : ""}${field}` === "-created" ? undefined : `${next ? "-" : ""}${field}` })
        }
      >
        {children}
        <svg
          width="8"
          height="8"
          viewBox="0 0 8 8"
          aria-hidden="true"
          className={isSorted ? "fill-current" : "opacity-0"}
        >
          <path d={current.isDescending ? "M0 2h8L4 7z" : "M0 6h8L4 1z"} />
        </svg>
      </button>
    </th>
  );
}
