import { useState } from "react";
import { request } from "../../api/client";
import { ConnectionError, fieldErrors, hasCode, nameFaultOf } from "../../api/errors";
import { formatTime } from "../../parts/format";
import { Problem } from "../../parts/problem";
import { KeySecretDialog } from "../../parts/key-secret-dialog";
import { FormDialog } from "../../parts/form-dialog";
import { useAction } from "../../parts/use-action";
import { emptyKeyForm, inputOfKey, KeyFields, type KeyForm } from "./key-fields";
import { findLostKey, type LostKey } from "./lost-key";
import { CreateApiKeyDocument, type CreateApiKeyMutation, RevokeLostKeyDocument } from "./operations.generated";

interface NewKeyProps {
  readonly appId: string;
  readonly scopeId: string;
  readonly onClose: () => void;
}

/** Makes a key and hands over its secret. A lost answer is found out and said, as its secret is lost with it. */
export default function NewKey({ appId, scopeId, onClose }: NewKeyProps) {
  const [form, setForm] = useState(emptyKeyForm);
  const [hint, setHint] = useState<string>();
  const [made, setMade] = useState<CreateApiKeyMutation["createApiKey"] | null>(null);
  const [isAnswerLost, setIsAnswerLost] = useState(false);
  const [lost, setLost] = useState<LostKey | null>(null);
  const set = (part: Partial<KeyForm>) => {
    setForm({ ...form, ...part });
    setHint(undefined);
  };
  const { run, isPending, error } = useAction(async (revokeFirst?: LostKey) => {
    if (form.name.trim() === "") {
      setHint("Enter a name.");
      return;
    }
    const input = { scopeId, ...inputOfKey(form) };
    try {
      if (revokeFirst) {
        await request(RevokeLostKeyDocument, { input: { id: revokeFirst.id, reason: "Its secret was lost" } });
        setLost(null);
      }
      const { createApiKey } = await request(CreateApiKeyDocument, { input });
      setMade(createApiKey);
    } catch (failure) {
      const isLostNow = failure instanceof ConnectionError;
      if (isLostNow) setIsAnswerLost(true);
      // A name that is taken is no surprise after an answer that was lost: the key was made then.
      if (isLostNow || (isAnswerLost && hasCode(failure, "CONFLICT"))) {
        const found = await findLostKey(appId, scopeId, form.name);
        if (found) {
          setLost(found);
          return;
        }
      }
      throw failure;
    }
  });
  if (made)
    return <KeySecretDialog title={`The key “${made.apiKey.name}” is made`} secret={made.secret} onClose={onClose} />;
  const faults = fieldErrors(error);
  const nameFault = hint ?? nameFaultOf(error);
  return (
    <FormDialog
      title="New API Key"
      onClose={onClose}
      isHeld
      onSubmit={run}
      action="Create"
      pendingAction="Creating…"
      isPending={isPending}
    >
      <KeyFields form={form} onChange={set} nameFault={nameFault} faults={faults} isFolded />
      {lost ? (
        <div role="alert" className="note note-unknown flex flex-col items-start gap-2">
          <p>
            A key of this name was made at {formatTime(new Date(lost.createdAt))}; its secret is lost, as the answer did
            not arrive. Revoke it and make another.
          </p>
          <button type="button" className="btn btn-small btn-danger" onClick={() => void run(lost)}>
            Revoke it and make another
          </button>
        </div>
      ) : (
        nameFault === undefined && <Problem error={error} />
      )}
    </FormDialog>
  );
}
