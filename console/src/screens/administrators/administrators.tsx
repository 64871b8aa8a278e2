import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { request } from "../../api/client";
import { queryClient } from "../../api/queries";
import { Segments } from "../../parts/fields";
import { count } from "../../parts/format";
import { Verdict } from "../../parts/marks";
import { type MenuAction, MenuButton } from "../../parts/menu";
import { notify } from "../../parts/notices";
import { Empty, Page } from "../../parts/page";
import { Pager } from "../../parts/pager";
import { Problem } from "../../parts/problem";
import { Table } from "../../parts/table";
import { Name, Time } from "../../parts/text";
import { useMay } from "../../parts/use-may";
import { useNames } from "../../parts/use-names";
import { usePages } from "../../parts/use-pages";
import { AdministratorsDocument, type AdministratorsQuery, RevokeAdministratorDocument } from "./operations.generated";
import { roleNames } from "./roles";
import { SignIns } from "./sign-ins";

const AdministratorForm = lazy(() => import("./administrator-form"));
const RotateAdministrator = lazy(() => import("./rotate-administrator"));
const ConfirmDialog = lazy(() => import("../../parts/confirm-dialog"));

export type Administrator = AdministratorsQuery["administrators"]["nodes"][number];
type Open =
  { readonly kind: "create" } | { readonly kind: "edit" | "rotate" | "revoke"; readonly administrator: Administrator };

const statuses = [
  { value: "ACTIVE", name: "Active" },
  { value: "REVOKED", name: "Revoked" },
] as const;

/** The administrators by name, each with a role, in all apps or in some. */
export function Administrators() {
  const [status, setStatus] = useState<"ACTIVE" | "REVOKED">("ACTIVE");
  const [open, setOpen] = useState<Open | null>(null);
  const may = useMay();
  const pages = usePages(status);
  const { data, error, refetch } = useQuery({
    queryKey: ["administrators", status, pages.page],
    queryFn: ({ signal }) => request(AdministratorsDocument, { filter: { status }, ...pages.page }, { signal }),
    placeholderData: keepPreviousData,
    enabled: open === null,
  });
  const close = () => setOpen(null);
  const done = async (said?: string) => {
    close();
    await queryClient.invalidateQueries({ queryKey: ["administrators"] });
    if (said) notify(said);
  };
  const administrators = data?.administrators.nodes;
  const appNames = useNames("app", [...new Set(administrators?.flatMap(({ appIds }) => appIds ?? []))]);
  const nameOf = (id: string) => appNames?.get(id) ?? id;
  const actions = (administrator: Administrator): MenuAction[] => [
    { name: "Edit", run: () => setOpen({ kind: "edit", administrator }) },
    ...(administrator.hint ? [{ name: "Replace the key", run: () => setOpen({ kind: "rotate", administrator }) }] : []),
    { name: "Revoke", isDangerous: true, run: () => setOpen({ kind: "revoke", administrator }) },
  ];
  return (
    <Page
      title="Administrators"
      lead="The root key of the configuration is none of them: keep it for emergencies, and give each person a name."
      actions={
        may("createAdministrator") && (
          <button type="button" className="btn btn-primary" onClick={() => setOpen({ kind: "create" })}>
            New Administrator
          </button>
        )
      }
    >
      <div className="mb-3">
        <Segments label="Which administrators" value={status} options={statuses} onChange={setStatus} />
      </div>
      <Problem error={error} retry={() => void refetch()} />
      {administrators?.length === 0 ? (
        <Empty title={status === "ACTIVE" ? "There is no administrator by name yet" : "None was revoked"} />
      ) : (
        (data ?? !error) && (
          <Table
            heads={["Name", "Role", "Apps", "Signs in with", "State", "Created"]}
            buttons="Options"
            skeletonRows={3}
          >
            {administrators?.map((administrator) => (
              <tr key={administrator.id}>
                <td className="font-medium">
                  <Name max={40}>{administrator.name}</Name>
                </td>
                <td>{roleNames[administrator.role]}</td>
                <td
                  className="text-text-2"
                  data-tip={administrator.appIds ? administrator.appIds.map(nameOf).join("\n") : undefined}
                >
                  {administrator.appIds ? count(administrator.appIds.length, "app") : "all"}
                </td>
                <td className="text-text-2">
                  {administrator.hint ? (
                    <code>{administrator.hint}</code>
                  ) : (
                    <Name max={40}>{administrator.issuer ?? ""}</Name>
                  )}
                </td>
                <td>
                  {administrator.status === "ACTIVE" ? (
                    <Verdict tone="allow">Active</Verdict>
                  ) : (
                    <Verdict tone="off">
                      Revoked <Time at={administrator.revokedAt} />
                    </Verdict>
                  )}
                </td>
                <td className="text-text-2">
                  <Time at={administrator.createdAt} />
                  {" by "}
                  <Name max={24}>{administrator.createdBy}</Name>
                </td>
                <td className="fit">
                  {administrator.status === "ACTIVE" && may("updateAdministrator") && (
                    <MenuButton label={`Options of ${administrator.name}`} actions={() => actions(administrator)} />
                  )}
                </td>
              </tr>
            ))}
          </Table>
        )
      )}
      <Pager pages={pages} list={data?.administrators} noun="administrator" />
      {may("consoleSessions") && <SignIns />}
      <Suspense>
        {open?.kind === "create" && <AdministratorForm onClose={close} onDone={done} />}
        {open?.kind === "edit" && (
          <AdministratorForm administrator={open.administrator} onClose={close} onDone={done} />
        )}
        {open?.kind === "rotate" && (
          <RotateAdministrator administrator={open.administrator} onClose={() => void done()} />
        )}
        {open?.kind === "revoke" && (
          <ConfirmDialog
            title={`Revoke “${open.administrator.name}”?`}
            typeName={open.administrator.name}
            action="Revoke"
            pendingAction="Revoking…"
            onClose={close}
            onConfirm={async () => {
              await request(RevokeAdministratorDocument, { input: { id: open.administrator.id } });
              await done(`“${open.administrator.name}” is refused on every server.`);
            }}
          >
            <p>
              Revoking is for good: the administrator is refused everywhere, and open connections end. Runs that were
              started finish.
            </p>
          </ConfirmDialog>
        )}
      </Suspense>
    </Page>
  );
}
