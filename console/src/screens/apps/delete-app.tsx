import { useQuery } from "@tanstack/react-query";
import { request } from "../../api/client";
import { queryClient } from "../../api/queries";
import ConfirmDialog from "../../parts/confirm-dialog";
import { count } from "../../parts/format";
import { notify } from "../../parts/notices";
import { Problem } from "../../parts/problem";
import type { App } from "./apps";
import { AppContentsDocument, DeleteAppDocument } from "./operations.generated";

/** Deletes an app once its name was typed; says before how much goes with it. */
export default function DeleteApp({ app, onClose }: { app: App; onClose: () => void }) {
  const { data, error } = useQuery({
    queryKey: ["app-contents", app.id],
    queryFn: ({ signal }) => request(AppContentsDocument, { id: app.id }, { signal }),
  });
  return (
    <ConfirmDialog
      title={`Delete “${app.name}”?`}
      typeName={app.name}
      action="Delete the app"
      pendingAction="Deleting…"
      onClose={onClose}
      onConfirm={async () => {
        await request(DeleteAppDocument, { input: { id: app.id } });
        await queryClient.invalidateQueries({ queryKey: ["apps"] });
        notify(`“${app.name}” is deleted. Its keys are refused on every server.`);
      }}
    >
      <p>The app goes with everything in it, and its keys are refused once the server has said so:</p>
      {data ? (
        <ul className="list-disc pl-5 text-text">
          <li>{amount(data.apiKeys, "active key")}</li>
          <li>{amount(data.scopes, "scope")}</li>
          <li>{amount(data.agents, "agent")}</li>
          <li>{amount(data.sessions, "session")} with their messages and documents</li>
        </ul>
      ) : (
        <p>Counting…</p>
      )}
      <Problem error={error} />
    </ConfirmDialog>
  );
}

const amount = (list: { totalCount: number; totalCountIsExact: boolean }, noun: string): string =>
  list.totalCountIsExact ? count(list.totalCount, noun) : `more than ${count(list.totalCount, noun)}`;
