import { useId, useState } from "react";
import { request } from "../../api/client";
import { fieldErrors, hasCode } from "../../api/errors";
import { Checklist } from "../../parts/checklist";
import { appChoices } from "../../parts/choices";
import { DialogFrame } from "../../parts/dialog";
import { Check, TextField } from "../../parts/fields";
import { Problem } from "../../parts/problem";
import { SecretDialog } from "../../parts/secret-dialog";
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
  const faults = fieldErrors(error);
  const nameFault = hint ?? faults["name"] ?? (hasCode(error, "CONFLICT") ? error.message : undefined);
  return (
    <DialogFrame
      title={administrator ? "Edit the administrator" : "New Administrator"}
      onClose={isPending ? undefined : onClose}
    >
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
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
        {nameFault === undefined && <Problem error={error} />}
        <div className="dialog-foot mt-0!">
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn btn-primary" aria-disabled={isPending}>
            {administrator ? (isPending ? "Saving…" : "Save") : isPending ? "Creating…" : "Create"}
          </button>
        </div>
      </form>
    </DialogFrame>
  );
}
