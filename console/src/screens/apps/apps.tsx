import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { request } from "../../api/client";
import { queryClient } from "../../api/queries";
import { count } from "../../parts/format";
import { MenuButton } from "../../parts/menu";
import { notify } from "../../parts/notices";
import { Empty, Page } from "../../parts/page";
import { Problem } from "../../parts/problem";
import { Table } from "../../parts/table";
import { Name, Time } from "../../parts/text";
import { useMay } from "../../parts/use-may";
import { preload } from "../../parts/preload";
import { AppsDocument, type AppsQuery } from "./operations.generated";

const loadForm = () => import("./app-form");
const AppForm = lazy(loadForm);
const DeleteApp = lazy(() => import("./delete-app"));

export type App = AppsQuery["apps"]["nodes"][number];
type Open = { readonly kind: "create" } | { readonly kind: "edit" | "delete"; readonly app: App };

/** All apps of the server, with what can be done with each. */
export function Apps() {
  const navigate = useNavigate();
  const may = useMay();
  const [open, setOpen] = useState<Open | null>(null);
  const { data, error, refetch, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ["apps", "pages"],
    queryFn: ({ signal, pageParam }) => request(AppsDocument, { after: pageParam }, { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ apps: { pageInfo } }) => (pageInfo.hasNextPage ? pageInfo.endCursor : undefined),
  });
  const apps = data?.pages.flatMap((page) => page.apps.nodes);
  const close = () => setOpen(null);
  const create = (
    <button
      type="button"
      className="btn btn-primary"
      onPointerEnter={preload(loadForm)}
      onClick={() => setOpen({ kind: "create" })}
    >
      New App
    </button>
  );
  return (
    <Page
      title="Apps"
      lead="An app is a tenant: it has its own agents, scopes, keys and sessions, and shares nothing."
      actions={may("createApp") && create}
    >
      <Problem error={error} retry={() => void refetch()} />
      {apps?.length === 0 ? (
        <Empty title="There is no app yet">Create one, then a scope in it, and hand out a key.</Empty>
      ) : (
        !error && (
          <Table heads={["Name", { title: "Description", className: "wide" }, "Created"]} buttons="Options">
            {apps?.map((app) => (
              <tr key={app.id}>
                <td>
                  <Link to="/apps/$appId/scopes" params={{ appId: app.id }} className="link font-medium">
                    <Name>{app.name}</Name>
                  </Link>
                </td>
                <td className="wide grow text-text-2">
                  <bdi>{app.description}</bdi>
                </td>
                <td className="text-text-2">
                  <Time at={app.createdAt} />
                </td>
                <td className="fit">
                  <MenuButton
                    label={`Options of ${app.name}`}
                    actions={() => [
                      {
                        name: "Scopes and keys",
                        run: () => void navigate({ to: "/apps/$appId/scopes", params: { appId: app.id } }),
                      },
                      ...(may("updateApp") ? [{ name: "Rename", run: () => setOpen({ kind: "edit", app }) }] : []),
                      ...(may("deleteApp")
                        ? [{ name: "Delete", isDangerous: true, run: () => setOpen({ kind: "delete", app }) }]
                        : []),
                    ]}
                  />
                </td>
              </tr>
            ))}
          </Table>
        )
      )}
      {data && apps && apps.length > 0 && (
        <div className="mt-2 flex items-center justify-between text-sm text-text-2">
          <p>{count(data.pages[0]?.apps.totalCount ?? apps.length, "app")}</p>
          {hasNextPage && (
            <button type="button" className="btn btn-small" onClick={() => void fetchNextPage()}>
              Show more
            </button>
          )}
        </div>
      )}
      <Suspense>
        {(open?.kind === "create" || open?.kind === "edit") && (
          <AppForm
            app={open.kind === "edit" ? open.app : undefined}
            onClose={close}
            onDone={async ({ id, name }) => {
              close();
              await queryClient.invalidateQueries({ queryKey: ["apps"] });
              if (open.kind === "create") await navigate({ to: "/apps/$appId/scopes", params: { appId: id } });
              else notify(`The app is called “${name}” now.`);
            }}
          />
        )}
        {open?.kind === "delete" && <DeleteApp app={open.app} onClose={close} />}
      </Suspense>
    </Page>
  );
}
