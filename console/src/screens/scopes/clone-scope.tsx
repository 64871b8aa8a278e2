import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { request } from "../../api/client";
import { hasCode } from "../../api/errors";
import { queryClient } from "../../api/queries";
import { TextField } from "../../parts/fields";
import { PermissionMarks } from "../../parts/marks";
import { FormDialog } from "../../parts/form-dialog";
import { useAction } from "../../parts/use-action";
import { CloneScopeDocument } from "./operations.generated";
import type { ScopeRow } from "./scopes";

interface CloneScopeProps {
  readonly appId: string;
  readonly scope: ScopeRow;
  readonly onClose: () => void;
}

export default function CloneScope({ appId, scope, onClose }: CloneScopeProps) {
  const navigate = useNavigate();
  const [name, setName] = useState(`Copy of ${scope.name}`.slice(0, 120));
  const { run, isPending, error } = useAction(async () => {
    const { cloneScope } = await request(CloneScopeDocument, { input: { id: scope.id, name } });
    await queryClient.invalidateQueries({ queryKey: ["scopes"] });
    onClose();
    await navigate({ to: "/apps/$appId/scopes/$scopeId", params: { appId, scopeId: cloneScope.scope.id } });
  });
  const taken = hasCode(error, "CONFLICT") ? error.message : undefined;
  return (
    <FormDialog
      title={`Clone “${scope.name}”`}
      lead="The new scope has the same permissions, addresses, limits and tags, and no keys."
      onClose={onClose}
      width={460}
      onSubmit={run}
      action="Clone"
      pendingAction="Cloning…"
      isPending={isPending}
      error={taken === undefined ? error : null}
    >
      <PermissionMarks {...scope.permissions} />
      <TextField
        label="Name of the new scope"
        value={name}
        maxLength={120}
        error={taken}
        onChange={({ target }) => setName(target.value)}
      />
    </FormDialog>
  );
}
