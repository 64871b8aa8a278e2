import { useState } from "react";
import { request } from "../../api/client";
import { FormDialog } from "../../parts/form-dialog";
import { SecretDialog } from "../../parts/secret-dialog";
import { useAction } from "../../parts/use-action";
import type { Administrator } from "./administrators";
import { RotateAdministratorKeyDocument } from "./operations.generated";

interface RotateAdministratorProps {
  readonly administrator: Administrator;
  readonly onClose: () => void;
}

/** Replaces an administrator's key; the old one is refused at once. */
export default function RotateAdministrator({ administrator, onClose }: RotateAdministratorProps) {
  const [secret, setSecret] = useState<string | null>(null);
  const { run, isPending, error } = useAction(async () => {
    const { rotateAdministratorKey } = await request(RotateAdministratorKeyDocument, {
      input: { id: administrator.id },
    });
    setSecret(rotateAdministratorKey.secret);
  });
  if (secret !== null)
    return (
      <SecretDialog
        title={`The new key of “${administrator.name}”`}
        secret={secret}
        note="Store it now. It is shown this once. The old key is refused from now on."
        file={{ name: "latchkey-administrator.env", text: `LATCHKEY_ADMIN_KEY=${secret}\n` }}
        onClose={onClose}
      />
    );
  return (
    <FormDialog
      title={`Replace the key of “${administrator.name}”?`}
      lead="The old key is refused on every server once the new one is made, and what was begun with it ends."
      onClose={onClose}
      isHeld
      width={460}
      onSubmit={run}
      action="Replace the key"
      pendingAction="Replacing…"
      isPending={isPending}
      error={error}
    />
  );
}
