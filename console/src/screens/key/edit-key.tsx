import { useState } from "react";
import { request } from "../../api/client";
import { fieldErrors, nameFaultOf } from "../../api/errors";
import { FormDialog } from "../../parts/form-dialog";
import { useAction } from "../../parts/use-action";
import { inputOfKey, KeyFields, type KeyForm } from "../keys/key-fields";
import type { KeyDetails } from "./key";
import { UpdateKeyDocument } from "./operations.generated";

/** Changes what is said about a key, and where it may be used from. */
export default function EditKey({ apiKey, onClose }: { apiKey: KeyDetails; onClose: () => void }) {
  const [form, setForm] = useState<KeyForm>({
    name: apiKey.name,
    owner: apiKey.owner ?? "",
    environment: apiKey.environment ?? "",
    tags: apiKey.tags.join(", "),
    addresses: apiKey.allowedAddresses.join("\n"),
    description: apiKey.description,
  });
  const { run, isPending, error } = useAction(async () => {
    await request(UpdateKeyDocument, { input: { id: apiKey.id, ...inputOfKey(form) } });
    onClose();
  });
  const faults = fieldErrors(error);
  const nameFault = nameFaultOf(error);
  const set = (part: Partial<KeyForm>) => setForm({ ...form, ...part });
  return (
    <FormDialog
      title="Edit the key"
      onClose={onClose}
      onSubmit={run}
      action="Save"
      pendingAction="Saving…"
      isPending={isPending}
      error={nameFault === undefined ? error : null}
    >
      <KeyFields form={form} onChange={set} nameFault={nameFault} faults={faults} />
    </FormDialog>
  );
}
