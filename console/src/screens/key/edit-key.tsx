import { useState } from "react";
import { request } from "../../api/client";
import { fieldErrors, hasCode } from "../../api/errors";
import { DialogFrame } from "../../parts/dialog";
import { Problem } from "../../parts/problem";
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
  const nameFault = faults["name"] ?? (hasCode(error, "CONFLICT") ? error.message : undefined);
  const set = (part: Partial<KeyForm>) => setForm({ ...form, ...part });
  return (
    <DialogFrame title="Edit the key" onClose={onClose}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <KeyFields form={form} onChange={set} nameFault={nameFault} faults={faults} />
        {nameFault === undefined && <Problem error={error} />}
        <div className="dialog-foot mt-0!">
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn btn-primary" aria-disabled={isPending}>
            {isPending ? "Saving…" : "Save"}
          </button>
        </div>
      </form>
    </DialogFrame>
  );
}
