import { Checklist } from "../../parts/checklist";
import { agentChoices } from "../../parts/choices";
import { Check, Segments } from "../../parts/fields";
import { AgentMark } from "../../parts/marks";
import { agentLevels, type GrantedPermissions, keyLevels, runtimePermissions } from "../../parts/permissions";

interface PermissionEditorProps {
  readonly appId: string;
  readonly value: GrantedPermissions;
  readonly onChange: (value: GrantedPermissions) => void;
  /** The permission that a link leads to, such as one that a refused request lacked. */
  readonly highlighted?: string | undefined;
}

/** The permissions of a scope: with agents, and at run time. */
export function PermissionEditor({ appId, value, onChange, highlighted }: PermissionEditorProps) {
  const level = agentLevels.find((one) => one.value === value.agents);
  const isMarked = (permission: string) =>
    permission === highlighted ? "rounded bg-unknown-tint -mx-2 px-2 py-1" : "";
  return (
    <div className="flex flex-col gap-6">
      <section
        aria-labelledby="agents-title"
        className={isMarked(agentLevels.some((one) => one.value === highlighted) ? (highlighted ?? "") : "-")}
      >
        <h2 id="agents-title" className="mb-2">
          Agents
        </h2>
        <Segments
          label="Access to agents"
          value={value.agents}
          options={agentLevels.map(({ value: option, name }) => ({
            value: option,
            name: (
              <>
                <AgentMark level={option} isDecoration />
                {name}
              </>
            ),
          }))}
          onChange={(agents) => onChange({ ...value, agents })}
        />
        <p className="mt-2 text-sm text-text-2" aria-live="polite">
          {level?.adds}
          {level && level.value !== "NONE" && level.value !== "VIEW" && " Includes the levels before it."}
        </p>
        <div className="mt-3">
          <Segments
            label="Which agents"
            value={value.agentAccess}
            options={[
              { value: "ALL", name: "All agents" },
              { value: "SELECTED", name: "Selected agents" },
            ]}
            onChange={(agentAccess) => onChange({ ...value, agentAccess })}
          />
          {value.agentAccess === "SELECTED" && (
            <div className="mt-3">
              <Checklist
                label="Agents"
                choices={agentChoices(appId)}
                value={value.agentIds}
                note="Without any, the keys reach no agent. Keys that are confined to agents can't create any."
                onChange={(agentIds) => onChange({ ...value, agentIds })}
              />
            </div>
          )}
        </div>
      </section>
      <section aria-labelledby="runtime-title">
        <h2 id="runtime-title" className="mb-2">
          Execute Runtime Permissions
        </h2>
        <div className="flex flex-col gap-3">
          {runtimePermissions.map(({ value: permission, name, says }) => (
            <div key={permission} className={isMarked(permission)}>
              <Check
                label={<span className="font-medium">{name}</span>}
                says={says}
                checked={value.runtime.includes(permission)}
                onChange={({ target }) =>
                  onChange({
                    ...value,
                    runtime: runtimePermissions
                      .map((one) => one.value)
                      .filter((one) => (one === permission ? target.checked : value.runtime.includes(one))),
                  })
                }
              />
            </div>
          ))}
        </div>
        <div className="mt-4">
          <Check
            label="Only sessions that keys of this scope open"
            says="Every other session of the app is answered as if it did not exist."
            checked={value.sessions === "OWN"}
            onChange={({ target }) => onChange({ ...value, sessions: target.checked ? "OWN" : "APP" })}
          />
        </div>
      </section>
      <section aria-labelledby="keys-title" className={highlighted?.endsWith(" on keys") ? isMarked(highlighted) : ""}>
        <h2 id="keys-title" className="mb-2">
          Keys
        </h2>
        <Segments
          label="Access to keys"
          value={value.keys}
          options={keyLevels.map(({ value: option, name }) => ({ value: option, name }))}
          onChange={(keys) => onChange({ ...value, keys })}
        />
        <p className="mt-2 text-sm text-text-2" aria-live="polite">
          {keyLevels.find((one) => one.value === value.keys)?.adds}
        </p>
      </section>
    </div>
  );
}
