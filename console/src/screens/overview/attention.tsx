import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import { allPages } from "../../api/all-pages";
import { request } from "../../api/client";
import { count, formatNumber } from "../../parts/format";
import { Verdict } from "../../parts/marks";
import { Card } from "../../parts/page";
import { Problem } from "../../parts/problem";
import { Name, Time } from "../../parts/text";
import { useMay } from "../../parts/use-may";
import { useNames } from "../../parts/use-names";
import { nearLimits } from "./near-limits";
import {
  OverviewKeyCountsDocument,
  OverviewLimitsDocument,
  type OverviewKeyFragment,
  type OverviewQuery,
  OverviewRefusedKeysDocument,
} from "./operations.generated";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const refusedDays = 30;
const maxShown = 5;
/** Their keys are counted one scope after the other. */
const maxCountedScopes = 1_000;

/** Keys and limits that need a look; says so if none does. */
export function Attention({ appId, data }: { appId: string; data: OverviewQuery }) {
  const may = useMay();
  const times = useMemo(() => {
    const now = Date.now();
    const at = (ms: number) => new Date(ms).toISOString();
    return {
      since: at(now - refusedDays * dayMs),
      from: at(Math.floor(now / hourMs - 23) * hourMs),
      today: at(Math.floor(now / dayMs) * dayMs),
    };
  }, []);
  const refused = useQuery({
    queryKey: ["audit", "refused-keys", appId, times.since],
    queryFn: ({ signal }) => request(OverviewRefusedKeysDocument, { appId, since: times.since }, { signal }),
    enabled: may("auditLog"),
  });
  const limits = useQuery({
    queryKey: ["overview", "limits", appId, times],
    queryFn: ({ signal }) =>
      request(OverviewLimitsDocument, { appId, from: times.from, today: times.today }, { signal }),
    enabled: may("usage") && may("sessions"),
  });
  const counted = useQuery({
    queryKey: ["overview", "key-counts", appId],
    queryFn: ({ signal }) =>
      allPages(
        async (after) => (await request(OverviewKeyCountsDocument, { appId, after }, { signal })).scopes,
        maxCountedScopes,
      ),
    enabled: limits.data?.app?.limits.keysPerScope != null,
  });
  const areAllCounted =
    (counted.data?.length ?? 0) < maxCountedScopes || (limits.data?.scopes.totalCount ?? 0) <= maxCountedScopes;
  const revoked = byKey(refused.data?.auditLog.nodes ?? []);
  const limited = (limits.data?.limited.rows ?? []).filter(
    (row): row is typeof row & { apiKeyId: string } => row.verdict === "LIMITED" && row.apiKeyId !== null,
  );
  const names = useNames(
    "apiKey",
    limited.slice(0, maxShown).map(({ apiKeyId }) => apiKeyId),
  );
  const near = limits.data ? nearLimits(limits.data, counted.data ?? []) : [];
  const found = data.neverUsed.totalCount + data.unused.totalCount + revoked.length + limited.length + near.length;
  return (
    <Card title="What needs a look">
      {revoked.length > 0 && (
        <Group title="Used after their revocation" count={revoked.length} tone="refuse">
          {revoked.slice(0, maxShown).map(({ id, name, requests, at }) => (
            <Item key={id} when={at}>
              <KeyLink appId={appId} keyId={id} name={name} />
              <span className="truncate text-sm text-text-2">{count(requests, "request")}</span>
            </Item>
          ))}
        </Group>
      )}
      {limited.length > 0 && (
        <Group title="Refused for a rate or a limit in 24 hours" count={limited.length} tone="unknown">
          {limited.slice(0, maxShown).map(({ apiKeyId, requests }) => (
            <Item key={apiKeyId}>
              <KeyLink appId={appId} keyId={apiKeyId} name={names?.get(apiKeyId) ?? "…"} />
              <span className="truncate text-sm text-text-2">{count(requests ?? 0, "request")}</span>
            </Item>
          ))}
        </Group>
      )}
      {near.length > 0 && (
        <Group title="Near a limit" count={near.length} tone="unknown">
          {near.slice(0, maxShown).map(({ name, used, limit, scopeId }) => (
            <Item key={scopeId ?? name}>
              {scopeId ? (
                <Link to="/apps/$appId/scopes/$scopeId/keys" params={{ appId, scopeId }} className="link">
                  <Name max={32}>{name}</Name>
                </Link>
              ) : (
                <Link to="/apps/$appId/settings" params={{ appId }} className="link">
                  {name}
                </Link>
              )}
              <span className="text-sm whitespace-nowrap text-text-2">
                {formatNumber(used)} of {formatNumber(limit)}
              </span>
            </Item>
          ))}
        </Group>
      )}
      <KeyList appId={appId} title="Never used" list={data.neverUsed} show="never-used" />
      <KeyList appId={appId} title="Unused for 90 days" list={data.unused} show="unused" />
      <div className="px-4 pt-3 empty:hidden">
        <Problem error={refused.error ?? limits.error ?? counted.error} />
      </div>
      {!areAllCounted && (
        <p className="px-4 py-3 text-sm text-text-2">
          Only the first {formatNumber(maxCountedScopes)} scopes were looked at for their number of keys.
        </p>
      )}
      {found === 0 && areAllCounted && !limits.isLoading && !counted.isLoading && (
        <p className="px-4 py-3">
          <Verdict tone="allow">Every active key was used in the last 90 days, and no limit is near.</Verdict>
        </p>
      )}
    </Card>
  );
}

/** The refusals of each revoked key together, the last one first. */
function byKey(
  entries: readonly { at: string; occurrences: number; target: { id: string; name: string } }[],
): readonly { id: string; name: string; requests: number; at: string }[] {
  const keys = new Map<string, { id: string; name: string; requests: number; at: string }>();
  for (const { at, occurrences, target } of entries) {
    const known = keys.get(target.id);
    if (known) known.requests += occurrences;
    else keys.set(target.id, { ...target, requests: occurrences, at });
  }
  return [...keys.values()];
}

interface GroupProps {
  readonly title: string;
  readonly count: number;
  readonly tone: "refuse" | "unknown";
  readonly action?: ReactNode;
  readonly children: ReactNode;
}

function Group({ title, count: total, tone, action, children }: GroupProps) {
  return (
    <div className="border-b border-line px-4 py-3 last:border-b-0">
      <div className="mb-1 flex justify-between gap-3 text-sm font-medium">
        <Verdict tone={tone}>
          {title} ({formatNumber(total)})
        </Verdict>
        {action}
      </div>
      <ul>{children}</ul>
    </div>
  );
}

function Item({ when, children }: { when?: string; children: ReactNode }) {
  return (
    <li className="flex min-h-7 items-center justify-between gap-3">
      <span className="flex min-w-0 items-center gap-3">{children}</span>
      {when && (
        <span className="text-sm whitespace-nowrap text-text-2">
          <Time at={when} />
        </span>
      )}
    </li>
  );
}

function KeyLink({ appId, keyId, name }: { appId: string; keyId: string; name: string }) {
  return (
    <Link to="/apps/$appId/keys/$keyId" params={{ appId, keyId }} className="link">
      <Name max={32}>{name}</Name>
    </Link>
  );
}

interface KeyListProps {
  readonly appId: string;
  readonly title: string;
  readonly list: { readonly nodes: readonly OverviewKeyFragment[]; readonly totalCount: number };
  readonly show: string;
}

function KeyList({ appId, title, list, show }: KeyListProps) {
  const scopeId = list.nodes[0]?.scope.id;
  if (scopeId === undefined) return null;
  return (
    <Group
      title={title}
      count={list.totalCount}
      tone="unknown"
      action={
        <Link
          to="/apps/$appId/scopes/$scopeId/keys"
          params={{ appId, scopeId }}
          search={{ show }}
          className="link font-normal"
        >
          In their scope
        </Link>
      }
    >
      {list.nodes.map((key) => (
        <Item key={key.id} when={key.lastUsedAt ?? key.createdAt}>
          <KeyLink appId={appId} keyId={key.id} name={key.name} />
          <span className="truncate text-sm text-text-2">
            <bdi>{key.scope.name}</bdi>
          </span>
        </Item>
      ))}
    </Group>
  );
}
