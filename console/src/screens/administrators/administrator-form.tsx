import { useId, useState } from "react";
import { request } from "../../api/client";
import { nameFaultOf } from "../../api/errors";
import { Checklist } from "../../parts/checklist";
import { appChoices } from "../../parts/choices";
import { Check, TextField } from "../../parts/fields";
import { SecretDialog } from "../../parts/secret-dialog";
import { FormDialog } from "../../parts/form-dialog";
import { useAction } from "../../parts/use-action";
import type { Administrator } from "./administrators";
import { CreateAdministratorDocument, UpdateAdministratorDocument } from "./operations.generated";
import { type Role, roleNames, roles } from "./roles";

interface AdministratorFormProps {
  readonly administrator?: Administrator;
  readonly onClose: () => void;
  readonly onDone: (said?: string) => Promise<void>;
}

/** Creates or changes an administrator; a new one's key is shown once. */
export default function AdministratorForm({ administrator, onClose, onDone }: AdministratorFormProps) {
  const group = useId();
  const [name, setName] = useState(administrator?.name ?? "");
  const [role, setRole] = useState<Role>(administrator?.role ?? "KEY_MANAGER");
  const [appIds, setAppIds] = useState<readonly string[] | null>(administrator?.appIds ?? null);
  const [secret, setSecret] = useState<string | null>(null);
  const [hint, setHint] = useState<string>();
  const { run, isPending, error } = useAction(async () => {
    if (name.trim() === "") {
      setHint("Enter a name.");
      return;
    }
    const input = { name, role, appIds: appIds && [...appIds] };
    if (administrator) {
      await request(UpdateAdministratorDocument, { input: { id: administrator.id, ...input } });
      await onDone("Saved. The change is in effect.");
    } else setSecret((await request(CreateAdministratorDocument, { input })).createAdministrator.secret);
  });
  if (secret !== null)
    return (
      <SecretDialog
        title={`The key of “${name.trim()}”`}
        secret={secret}
        file={{ name: "latchkey-administrator.env", text: `LATCHKEY_ADMIN_KEY=${secret}\n` }}
        onClose={() => void onDone()}
      />
    );
  const nameFault = hint ?? nameFaultOf(error);
  return (
    <FormDialog
      title={administrator ? "Edit the administrator" : "New Administrator"}
      onClose={onClose}
      isHeld
      onSubmit={run}
      action={administrator ? "Save" : "Create"}
      pendingAction={administrator ? "Saving…" : "Creating…"}
      isPending={isPending}
      error={nameFault === undefined ? error : null}
    >
      <TextField
        label="Name"
        value={name}
        maxLength={120}
        error={nameFault}
        onChange={({ target }) => {
          setName(target.value);
          setHint(undefined);
        }}
      />
      <fieldset className="flex flex-col gap-3">
        <legend className="mb-2 text-sm font-medium">Role</legend>
        {roles.map(({ value, says }) => (
          <Check
            key={value}
            type="radio"
            name={group}
            label={<span className="font-medium">{roleNames[value]}</span>}
            says={says}
            checked={role === value}
            onChange={() => setRole(value)}
          />
        ))}
      </fieldset>
      <fieldset className="flex flex-col gap-2">
        <legend className="mb-2 text-sm font-medium">Apps</legend>
        <Check
          label="All apps"
          checked={appIds === null}
          onChange={({ target }) => setAppIds(target.checked ? null : [])}
        />
        {appIds !== null && <Checklist label="Apps" choices={appChoices} value={appIds} onChange={setAppIds} />}
      </fieldset>
    </FormDialog>
  );
}
