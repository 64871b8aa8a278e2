import { useQuery } from "@tanstack/react-query";
import { request } from "../../api/client";
import { queryClient } from "../../api/queries";
import ConfirmDialog from "../../parts/confirm-dialog";
import { count } from "../../parts/format";
import { notify } from "../../parts/notices";
import { Problem } from "../../parts/problem";
import { DeleteScopeDocument, ScopeKeyCountDocument } from "./operations.generated";

interface DeleteScopeProps {
  readonly scope: { readonly id: string; readonly name: string };
  readonly onClose: () => void;
}

/** Deletes a scope; with active keys only once its name was typed, as they are revoked with it. */
export default function DeleteScope({ scope, onClose }: DeleteScopeProps) {
  const { data, error } = useQuery({
    queryKey: ["scopes", "key-count", scope.id],
    queryFn: ({ signal }) => request(ScopeKeyCountDocument, { id: scope.id }, { signal }),
    staleTime: 0,
  });
  const keys = data?.scope?.apiKeys.totalCount;
  return (
    <ConfirmDialog
      title={`Delete “${scope.name}”?`}
      typeName={keys === 0 ? undefined : scope.name}
      action={keys ? "Delete and revoke its keys" : "Delete the scope"}
      pendingAction="Deleting…"
      onClose={onClose}
      onConfirm={async () => {
        await request(DeleteScopeDocument, { input: { id: scope.id, revokeKeys: keys !== 0 } });
        await queryClient.invalidateQueries({ queryKey: ["scopes"] });
        notify(`“${scope.name}” is deleted.${keys ? " Its keys are refused on every server." : ""}`);
      }}
    >
      {keys === undefined ? (
        <p>Counting its keys…</p>
      ) : keys === 0 ? (
        <p>The scope has no active keys.</p>
      ) : (
        <p>
          <strong className="text-text">{count(keys, "active key")}</strong> will be revoked for good, and what is under
          way with them ends.
        </p>
      )}
      <Problem error={error} />
    </ConfirmDialog>
  );
}
