import { useState } from "react";
import { request } from "../../api/client";
import { DialogFrame } from "../../parts/dialog";
import { Problem } from "../../parts/problem";
import { SecretDialog } from "../../parts/secret-dialog";
import { useAction } from "../../parts/use-action";
import { ReplaceCallbackSecretDocument } from "./operations.generated";

interface CallbackSecretProps {
  readonly appId: string;
  readonly isFirst: boolean;
  readonly onClose: () => void;
}

/** Makes the secret that signs an app's callbacks, and shows it once. */
export default function CallbackSecret({ appId, isFirst, onClose }: CallbackSecretProps) {
  const [secret, setSecret] = useState<string | null>(null);
  const { run, isPending, error } = useAction(async () => {
    const { replaceCallbackSecret } = await request(ReplaceCallbackSecretDocument, { input: { appId } });
    setSecret(replaceCallbackSecret.secret);
  });
  if (secret !== null)
    return (
      <SecretDialog
        title="The secret of callbacks"
        secret={secret}
        file={{ name: "latchkey-callbacks.env", text: `LATCHKEY_CALLBACK_SECRET=${secret}\n` }}
        onClose={onClose}
      />
    );
  return (
    <DialogFrame
      title={isFirst ? "Create the secret of callbacks" : "Replace the secret of callbacks?"}
      lead="It signs callbacks as Standard Webhooks defines. For 24 hours they are also signed with the previous one."
      onClose={isPending ? undefined : onClose}
      width={460}
    >
      <Problem error={error} />
      <div className="dialog-foot">
        <button type="button" className="btn" onClick={onClose}>
          Cancel
        </button>
        <button type="button" className="btn btn-primary" aria-disabled={isPending} onClick={() => void run()}>
          {isPending ? "Making it…" : isFirst ? "Create" : "Replace"}
        </button>
      </div>
    </DialogFrame>
  );
}
