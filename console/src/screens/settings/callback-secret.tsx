import { useState } from "react";
import { request } from "../../api/client";
import { FormDialog } from "../../parts/form-dialog";
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
    <FormDialog
      title={isFirst ? "Create the secret of callbacks" : "Replace the secret of callbacks?"}
      lead="It signs callbacks as Standard Webhooks defines. For 24 hours they are also signed with the previous one."
      onClose={onClose}
      isHeld
      width={460}
      onSubmit={run}
      action={isFirst ? "Create" : "Replace"}
      pendingAction="Making it…"
      isPending={isPending}
      error={error}
    />
  );
}
