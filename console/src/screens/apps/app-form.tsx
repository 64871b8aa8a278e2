import { useState } from "react";
import { request } from "../../api/client";
import { fieldErrors, nameFaultOf } from "../../api/errors";
import { TextArea, TextField } from "../../parts/fields";
import { FormDialog } from "../../parts/form-dialog";
import { useAction } from "../../parts/use-action";
import type { App } from "./apps";
import { CreateAppDocument, UpdateAppDocument } from "./operations.generated";

interface AppFormProps {
  /** The app to change; a new one without it. */
  readonly app?: App | undefined;
  readonly onClose: () => void;
  readonly onDone: (app: { id: string; name: string }) => Promise<void>;
}

export default function AppForm({ app, onClose, onDone }: AppFormProps) {
  const [name, setName] = useState(app?.name ?? "");
  const [description, setDescription] = useState(app?.description ?? "");
  const [hint, setHint] = useState<string>();
  const { run, isPending, error } = useAction(async () => {
    if (name.trim() === "") {
      setHint("Enter a name.");
      return;
    }
    const saved = app
      ? (await request(UpdateAppDocument, { input: { id: app.id, name, description } })).updateApp.app
      : (await request(CreateAppDocument, { input: { name, description } })).createApp.app;
    await onDone(saved);
  });
  const faults = fieldErrors(error);
  const nameFault = hint ?? nameFaultOf(error);
  return (
    <FormDialog
      title={app ? "Rename the app" : "New App"}
      onClose={onClose}
      width={460}
      onSubmit={run}
      action={app ? "Save" : "Create"}
      pendingAction={app ? "Saving…" : "Creating…"}
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
      <TextArea
        label="Description"
        optional
        rows={2}
        maxLength={2000}
        value={description}
        error={faults["description"]}
        onChange={({ target }) => setDescription(target.value)}
      />
    </FormDialog>
  );
}
