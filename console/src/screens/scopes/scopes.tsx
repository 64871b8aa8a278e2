import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { request } from "../../api/client";
import { formatNumber } from "../../parts/format";
import { PermissionMarks } from "../../parts/marks";
import { MarksLegend } from "../../parts/marks-legend";
import { MenuButton } from "../../parts/menu";
import { Empty, Page } from "../../parts/page";
import { Pager } from "../../parts/pager";
import { Problem } from "../../parts/problem";
import { Table } from "../../parts/table";
import { Name, Time } from "../../parts/text";
import { usePages } from "../../parts/use-pages";
import { useMay } from "../../parts/use-may";
import { NotFound } from "../shell/fallbacks";
import { useLastUse } from "./last-use";
import { ScopesDocument, type ScopesQuery } from "./operations.generated";

const CloneScope = lazy(() => import("./clone-scope"));
const DeleteScope = lazy(() => import("./delete-scope"));

export type ScopeRow = ScopesQuery["scopes"]["nodes"][number];

/** The scopes of an app: what each allows, how many keys it has, and the way to them. */
export function Scopes() {
  const { appId } = useParams({ from: "/apps/$appId/scopes" });
  const navigate = useNavigate();
  const may = useMay();
  const [open, setOpen] = useState<{ kind: "clone" | "delete"; scope: ScopeRow } | null>(null);
  const pages = usePages(appId);
  const { data, error, refetch } = useQuery({
    queryKey: ["scopes", appId, pages.page],
    queryFn: ({ signal }) => request(ScopesDocument, { appId, ...pages.page }, { signal }),
    placeholderData: keepPreviousData,
  });
  const scopes = data?.scopes.nodes;
  const lastUse = useLastUse(appId, scopes?.map(({ id }) => id) ?? []);
  if (data && !data.app) return <NotFound />;
  const actions = (scope: ScopeRow) => {
    const params = { appId, scopeId: scope.id };
    return [
      { name: "Manage Keys", run: () => void navigate({ to: "/apps/$appId/scopes/$scopeId/keys", params }) },
      {
        name: may("updateScope") ? "Edit" : "Look at",
        run: () => void navigate({ to: "/apps/$appId/scopes/$scopeId", params }),
      },
      ...(may("cloneScope") ? [{ name: "Clone", run: () => setOpen({ kind: "clone", scope }) }] : []),
      ...(may("deleteScope")
        ? [{ name: "Delete", isDangerous: true, run: () => setOpen({ kind: "delete", scope }) }]
        : []),
    ];
  };
  return (
    <Page
      title="Scopes"
      tab={data?.app ? `Scopes of ${data.app.name}` : "Scopes"}
      lead="A scope is a named set of permissions. Its keys have them as they are at the time of each call."
      actions={
        may("createScope") && (
          <Link to="/apps/$appId/scopes/new" params={{ appId }} className="btn btn-primary">
            New Scope
          </Link>
        )
      }
    >
      <Problem error={error} retry={() => void refetch()} />
      {scopes?.length === 0 && pages.number === 1 ? (
        <Empty
          title="There is no scope yet"
          action={
            <Link to="/apps/$appId/scopes/new" params={{ appId }} className="btn">
              Create the first one
            </Link>
          }
        >
          Create a scope, say what its keys may do, and hand out a key.
        </Empty>
      ) : (
        (data ?? !error) && (
          <Table
            heads={[
              "Name",
              { title: "Description", className: "wide" },
              "Permissions",
              { title: "Active keys", className: "num" },
              "Last used",
            ]}
            buttons="Options"
          >
            {scopes?.map((scope) => (
              <tr key={scope.id}>
                <td>
                  <Link
                    to="/apps/$appId/scopes/$scopeId/keys"
                    params={{ appId, scopeId: scope.id }}
                    className="link font-medium"
                  >
                    <Name max={40}>{scope.name}</Name>
                  </Link>
                </td>
                <td className="wide grow text-text-2">
                  <bdi>{scope.description}</bdi>
                </td>
                <td>
                  <span className="flex h-5 items-center gap-3">
                    <PermissionMarks {...scope.permissions} />
                    <Confinement permissions={scope.permissions} />
                  </span>
                </td>
                <td className="num">
                  {formatNumber(scope.apiKeys.totalCount)}
                  {!scope.apiKeys.totalCountIsExact && "+"}
                </td>
                <td className="text-text-2">{lastUse ? <Time at={lastUse.get(scope.id)} none="never" /> : null}</td>
                <td className="fit">
                  <MenuButton label={`Options of ${scope.name}`} actions={() => actions(scope)} />
                </td>
              </tr>
            ))}
          </Table>
        )
      )}
      <Pager pages={pages} list={data?.scopes} noun="scope" />
      {scopes && scopes.length > 0 && <MarksLegend />}
      <Suspense>
        {open?.kind === "clone" && <CloneScope appId={appId} scope={open.scope} onClose={() => setOpen(null)} />}
        {open?.kind === "delete" && <DeleteScope scope={open.scope} onClose={() => setOpen(null)} />}
      </Suspense>
    </Page>
  );
}

/** Whether the permissions hold for some agents or sessions alone. */
function Confinement({ permissions }: { permissions: ScopeRow["permissions"] }) {
  const parts = [
    permissions.agentAccess === "SELECTED" &&
      `${formatNumber(permissions.agentIds.length)} selected ${permissions.agentIds.length === 1 ? "agent" : "agents"}`,
    permissions.sessions === "OWN" && "own sessions",
  ].filter((part) => part !== false);
  return parts.length > 0 ? <span className="text-sm text-text-3">{parts.join(", ")}</span> : null;
}
