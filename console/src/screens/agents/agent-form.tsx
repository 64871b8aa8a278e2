import { useQuery } from "@tanstack/react-query";
import { useId } from "react";
import { fieldErrors } from "../../api/errors";
import { Check, SelectField, TextArea, TextField } from "../../parts/fields";
import { connectionsQuery } from "./choices";
import type { AgentDraft } from "./draft";
import { ToolsEditor } from "./tools-editor";

interface AgentFormProps {
  readonly appId: string;
  readonly draft: AgentDraft;
  readonly onChange: (draft: AgentDraft) => void;
  readonly error: unknown;
  readonly nameFault: string | undefined;
}

/** The fields of an agent. */
export function AgentForm({ appId, draft, onChange, error, nameFault }: AgentFormProps) {
  const models = useId();
  const faults = fieldErrors(error);
  const connections = useQuery(connectionsQuery(appId));
  const set = (part: Partial<AgentDraft>) => onChange({ ...draft, ...part });
  return (
    <>
      <div className="card flex flex-col gap-4 p-4">
        <TextField
          label="Name"
          value={draft.name}
          maxLength={120}
          error={nameFault ?? faults["name"]}
          onChange={({ target }) => set({ name: target.value })}
        />
        <TextField
          label="Description"
          optional
          value={draft.description}
          error={faults["description"]}
          onChange={({ target }) => set({ description: target.value })}
        />
        <TextField
          label="Model"
          dir="ltr"
          className="font-mono text-sm"
          list={models}
          hint="builtin:extractive answers from the session's documents; <connection>/<model> asks a provider."
          value={draft.model}
          error={faults["model"]}
          onChange={({ target }) => set({ model: target.value })}
        />
        <datalist id={models}>
          <option value="builtin:extractive" />
          {connections.data?.map(({ id, name }) => (
            <option key={id} value={`${name}/`} />
          ))}
        </datalist>
        <TextArea
          label="Instructions"
          optional
          rows={10}
          className="font-mono text-sm"
          hint="The system prompt."
          value={draft.instructions}
          error={faults["instructions"]}
          onChange={({ target }) => set({ instructions: target.value })}
        />
        <Check
          label="Enabled"
          says="An agent that is disabled is not executed; runs that were accepted before are."
          checked={draft.isEnabled}
          onChange={({ target }) => set({ isEnabled: target.checked })}
        />
      </div>
      <div className="card grid gap-4 p-4 sm:grid-cols-2">
        <TextField
          label="Temperature"
          optional
          dir="ltr"
          inputMode="decimal"
          placeholder="the provider's"
          hint="0 to 2."
          value={draft.temperature}
          error={faults["temperature"]}
          onChange={({ target }) => set({ temperature: target.value })}
        />
        <TextField
          label="Longest answer in tokens"
          optional
          dir="ltr"
          inputMode="numeric"
          placeholder="the provider's"
          value={draft.maxOutputTokens}
          error={faults["maxOutputTokens"]}
          onChange={({ target }) => set({ maxOutputTokens: target.value })}
        />
        <TextField
          label="Time-out in seconds"
          dir="ltr"
          inputMode="numeric"
          hint="1 to 3,600."
          value={draft.timeoutSeconds}
          error={faults["timeoutSeconds"]}
          onChange={({ target }) => set({ timeoutSeconds: target.value })}
        />
        <SelectField
          label="A run that is interrupted"
          options={[
            { value: "FAIL", name: "fails" },
            { value: "RETRY", name: "is started again, up to 3 times" },
          ]}
          hint="Choose the second only if the model and its tools may be called more than once."
          value={draft.onInterrupt}
          onChange={({ target }) => set({ onInterrupt: target.value === "RETRY" ? "RETRY" : "FAIL" })}
        />
      </div>
      <ToolsEditor
        tools={draft.tools}
        appId={appId}
        error={faults["tools"] ?? faults["allow"] ?? faults["url"] ?? faults["server"]}
        onChange={(tools) => set({ tools })}
      />
    </>
  );
}
