import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { allPages } from "../../api/all-pages";
import { request } from "../../api/client";
import { queryClient } from "../../api/queries";
import { MenuButton } from "../../parts/menu";
import { notify } from "../../parts/notices";
import { Empty, Page } from "../../parts/page";
import { Problem } from "../../parts/problem";
import { Table } from "../../parts/table";
import { Name, Time } from "../../parts/text";
import { useMay } from "../../parts/use-may";
import {
  DeleteConnectionDocument,
  DeleteToolServerDocument,
  ModelConnectionsDocument,
  type ModelConnectionsQuery,
  ToolServersDocument,
  type ToolServersQuery,
} from "./operations.generated";

const ConfirmDialog = lazy(() => import("../../parts/confirm-dialog"));
const ConnectionForm = lazy(() => import("./connection-form"));
const ToolServerForm = lazy(() => import("./tool-server-form"));
const TestConnection = lazy(() => import("./test-connection"));
const TestToolServer = lazy(() => import("./test-tool-server"));

export type ModelConnection = ModelConnectionsQuery["modelConnections"]["nodes"][number];
export type ToolServer = ToolServersQuery["toolServers"]["nodes"][number];
type Open =
  | { readonly kind: "new-connection" | "new-server" }
  | { readonly kind: "edit-connection" | "test-connection" | "delete-connection"; readonly connection: ModelConnection }
  | { readonly kind: "edit-server" | "test-server" | "delete-server"; readonly server: ToolServer };

export const providerNames: Readonly<Record<string, string>> = {
  OPENAI: "OpenAI",
  ANTHROPIC: "Anthropic",
  GOOGLE: "Google",
  OPENAI_COMPATIBLE: "OpenAI-compatible",
};

/** The providers of models and the tool servers of an app. */
export function Connections() {
  const { appId } = useParams({ from: "/apps/$appId/connections" });
  const may = useMay();
  const [open, setOpen] = useState<Open | null>(null);
  const connections = useQuery({
    queryKey: ["connections", "models", appId],
    queryFn: ({ signal }) =>
      allPages(
        async (after) => (await request(ModelConnectionsDocument, { appId, after }, { signal })).modelConnections,
      ),
  });
  const servers = useQuery({
    queryKey: ["connections", "tool-servers", appId],
    queryFn: ({ signal }) =>
      allPages(async (after) => (await request(ToolServersDocument, { appId, after }, { signal })).toolServers),
  });
  const close = () => setOpen(null);
  const done = async (said: string) => {
    close();
    await queryClient.invalidateQueries({ queryKey: ["connections"] });
    notify(said);
  };
  return (
    <Page
      title="Connections"
      lead="Providers of language models, and MCP servers whose tools agents may call. Their keys are stored encrypted and can't be read back."
    >
      <Problem error={connections.error} retry={() => void connections.refetch()} />
      <Problem error={servers.error} retry={() => void servers.refetch()} />
      <Section
        title="Model connections"
        create={may("createModelConnection") ? "New Connection" : undefined}
        onCreate={() => setOpen({ kind: "new-connection" })}
        heads={["Name", "Provider", "Address", "Key", "Changed"]}
        isEmpty={connections.data?.length === 0}
        empty="Without one, agents use the built-in model, which needs no network."
      >
        {connections.data?.map((connection) => (
          <tr key={connection.id}>
            <td className="font-medium">
              <Name max={32}>{connection.name}</Name>
            </td>
            <td>{providerNames[connection.provider] ?? connection.provider}</td>
            <td className="text-text-2">
              <code>{connection.baseUrl}</code>
            </td>
            <td className="text-text-2">{connection.hasApiKey ? "stored" : "none"}</td>
            <td className="text-text-2">
              <Time at={connection.updatedAt} />
            </td>
            <td className="fit">
              {may("updateModelConnection") && (
                <MenuButton
                  label={`Options of ${connection.name}`}
                  actions={() => [
                    { name: "Test", run: () => setOpen({ kind: "test-connection", connection }) },
                    { name: "Edit", run: () => setOpen({ kind: "edit-connection", connection }) },
                    {
                      name: "Delete",
                      isDangerous: true,
                      run: () => setOpen({ kind: "delete-connection", connection }),
                    },
                  ]}
                />
              )}
            </td>
          </tr>
        ))}
      </Section>
      <Section
        title="Tool servers"
        create={may("createToolServer") ? "New Tool Server" : undefined}
        onCreate={() => setOpen({ kind: "new-server" })}
        heads={["Name", "Address", "Headers", "Changed"]}
        isEmpty={servers.data?.length === 0}
        empty="A tool server is an MCP server by streamable HTTP."
      >
        {servers.data?.map((server) => (
          <tr key={server.id}>
            <td className="font-medium">
              <Name max={32}>{server.name}</Name>
            </td>
            <td className="text-text-2">
              <code>{server.url}</code>
            </td>
            <td className="text-text-2">{server.headerNames.join(", ") || "none"}</td>
            <td className="text-text-2">
              <Time at={server.updatedAt} />
            </td>
            <td className="fit">
              {may("updateToolServer") && (
                <MenuButton
                  label={`Options of ${server.name}`}
                  actions={() => [
                    { name: "Test", run: () => setOpen({ kind: "test-server", server }) },
                    { name: "Edit", run: () => setOpen({ kind: "edit-server", server }) },
                    { name: "Delete", isDangerous: true, run: () => setOpen({ kind: "delete-server", server }) },
                  ]}
                />
              )}
            </td>
          </tr>
        ))}
      </Section>
      <Suspense>
        {open?.kind === "new-connection" && <ConnectionForm appId={appId} onClose={close} onDone={done} />}
        {open?.kind === "edit-connection" && (
          <ConnectionForm appId={appId} connection={open.connection} onClose={close} onDone={done} />
        )}
        {open?.kind === "test-connection" && <TestConnection connection={open.connection} onClose={close} />}
        {open?.kind === "new-server" && <ToolServerForm appId={appId} onClose={close} onDone={done} />}
        {open?.kind === "edit-server" && (
          <ToolServerForm appId={appId} server={open.server} onClose={close} onDone={done} />
        )}
        {open?.kind === "test-server" && <TestToolServer server={open.server} onClose={close} />}
        {open?.kind === "delete-connection" && (
          <ConfirmDialog
            title={`Delete “${open.connection.name}”?`}
            action="Delete the connection"
            pendingAction="Deleting…"
            onClose={close}
            onConfirm={async () => {
              await request(DeleteConnectionDocument, { input: { id: open.connection.id } });
              await done("The connection is deleted.");
            }}
          >
            <p>It is refused if agents use it. The stored key of the provider goes with it.</p>
          </ConfirmDialog>
        )}
        {open?.kind === "delete-server" && (
          <ConfirmDialog
            title={`Delete “${open.server.name}”?`}
            action="Delete the tool server"
            pendingAction="Deleting…"
            onClose={close}
            onConfirm={async () => {
              await request(DeleteToolServerDocument, { input: { id: open.server.id } });
              await done("The tool server is deleted.");
            }}
          >
            <p>It is refused if agents use it.</p>
          </ConfirmDialog>
        )}
      </Suspense>
    </Page>
  );
}

interface SectionProps {
  readonly title: string;
  readonly create: string | undefined;
  readonly onCreate: () => void;
  readonly heads: readonly string[];
  readonly isEmpty: boolean;
  readonly empty: string;
  /** Undefined as long as they are not there. */
  readonly children: readonly ReactNode[] | undefined;
}

function Section({ title, create, onCreate, heads, isEmpty, empty, children }: SectionProps) {
  return (
    <section className="mb-8">
      <div className="mb-2 flex items-center justify-between gap-3">
        <h2>{title}</h2>
        {create && (
          <button type="button" className="btn" onClick={onCreate}>
            {create}
          </button>
        )}
      </div>
      {isEmpty ? (
        <Empty title="None yet">{empty}</Empty>
      ) : (
        <Table heads={heads} buttons="Options" skeletonRows={2}>
          {children}
        </Table>
      )}
    </section>
  );
}
