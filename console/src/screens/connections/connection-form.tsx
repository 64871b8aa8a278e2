import { useState } from "react";
import { request } from "../../api/client";
import { fieldErrors, nameFaultOf } from "../../api/errors";
import { Check, SelectField, TextField } from "../../parts/fields";
import { FormDialog } from "../../parts/form-dialog";
import { useAction } from "../../parts/use-action";
import { type ModelConnection, providerNames } from "./connections";
import { CreateConnectionDocument, UpdateConnectionDocument } from "./operations.generated";

interface ConnectionFormProps {
  readonly appId: string;
  readonly connection?: ModelConnection;
  readonly onClose: () => void;
  readonly onDone: (said: string) => Promise<void>;
}

const providers = ["OPENAI", "ANTHROPIC", "GOOGLE", "OPENAI_COMPATIBLE"] as const;

export default function ConnectionForm({ appId, connection, onClose, onDone }: ConnectionFormProps) {
  const [name, setName] = useState(connection?.name ?? "");
  const [provider, setProvider] = useState<(typeof providers)[number]>(connection?.provider ?? "OPENAI_COMPATIBLE");
  const [baseUrl, setBaseUrl] = useState(connection?.baseUrl ?? "");
  const [apiKey, setApiKey] = useState("");
  const [isKeyRemoved, setIsKeyRemoved] = useState(false);
  const [hint, setHint] = useState<string>();
  const { run, isPending, error } = useAction(async () => {
    if (name.trim() === "") {
      setHint("Enter a name.");
      return;
    }
    const address = baseUrl.trim();
    if (connection) {
      const key = isKeyRemoved ? { apiKey: null } : apiKey ? { apiKey } : {};
      const moved = address === connection.baseUrl ? {} : { baseUrl: address };
      await request(UpdateConnectionDocument, { input: { id: connection.id, name, ...moved, ...key } });
    } else {
      const input = { appId, name, provider, ...(address ? { baseUrl: address } : {}), ...(apiKey ? { apiKey } : {}) };
      await request(CreateConnectionDocument, { input });
    }
    await onDone(connection ? "The connection is saved." : "The connection is made. Test it from its options.");
  });
  const faults = fieldErrors(error);
  const nameFault = hint ?? nameFaultOf(error);
  return (
    <FormDialog
      title={connection ? "Edit the connection" : "New Connection"}
      onClose={onClose}
      width={480}
      onSubmit={run}
      action={connection ? "Save" : "Create"}
      pendingAction={connection ? "Saving…" : "Creating…"}
      isPending={isPending}
      error={nameFault === undefined ? error : null}
    >
      <TextField
        label="Name"
        hint="Agents name a model as <name>/<model>."
        value={name}
        maxLength={64}
        error={nameFault}
        onChange={({ target }) => {
          setName(target.value);
          setHint(undefined);
        }}
      />
      <SelectField
        label="Provider"
        value={provider}
        disabled={connection !== undefined}
        options={providers.map((value) => ({ value, name: providerNames[value] ?? value }))}
        onChange={({ target }) => setProvider(providers.find((value) => value === target.value) ?? provider)}
      />
      <TextField
        label="Address"
        type="url"
        dir="ltr"
        optional={provider !== "OPENAI_COMPATIBLE"}
        placeholder="http://ollama:11434/v1"
        value={baseUrl}
        error={faults["baseUrl"]}
        onChange={({ target }) => setBaseUrl(target.value)}
      />
      <TextField
        label={connection?.hasApiKey ? "New API key of the provider" : "API key of the provider"}
        type="password"
        autoComplete="new-password"
        dir="ltr"
        optional={provider === "OPENAI_COMPATIBLE" || connection !== undefined}
        hint={connection?.hasApiKey ? "One is stored. A new address needs the key again." : undefined}
        disabled={isKeyRemoved}
        value={apiKey}
        error={faults["apiKey"]}
        onChange={({ target }) => setApiKey(target.value)}
      />
      {connection?.hasApiKey && (
        <Check
          label="Remove the stored key"
          checked={isKeyRemoved}
          onChange={({ target }) => setIsKeyRemoved(target.checked)}
        />
      )}
    </FormDialog>
  );
}
