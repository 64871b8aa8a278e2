import { useQuery } from "@tanstack/react-query";
import { TextField } from "../../parts/fields";
import { Picker } from "../../parts/picker";
import { toolServerChoices, toolServersQuery } from "./choices";
import type { ToolDraft } from "./draft";

const ownAddress = "";

interface ToolsEditorProps {
  readonly appId: string;
  readonly tools: readonly ToolDraft[];
  readonly error: string | undefined;
  readonly onChange: (tools: readonly ToolDraft[]) => void;
}

/** The servers whose tools the model may call, and which of them. */
export function ToolsEditor({ appId, tools, error, onChange }: ToolsEditorProps) {
  const servers = useQuery(toolServersQuery(appId));
  const change = (id: number, part: Partial<ToolDraft>) =>
    onChange(tools.map((tool) => (tool.id === id ? { ...tool, ...part } : tool)));
  const nextId = Math.max(0, ...tools.map(({ id }) => id + 1));
  return (
    <section className="card" aria-labelledby="tools-title">
      <div className="card-head">
        <h2 id="tools-title">Tools</h2>
        <button
          type="button"
          className="btn btn-small"
          onClick={() =>
            onChange([...tools, { id: nextId, server: servers.data?.[0]?.name ?? ownAddress, url: "", allow: "" }])
          }
        >
          Add a server
        </button>
      </div>
      <div className="flex flex-col gap-4 p-4">
        {tools.length === 0 && <p className="text-text-2">The model calls no tools.</p>}
        {tools.map((tool) => (
          <div key={tool.id} className="grid gap-3 sm:grid-cols-[1fr_1fr_auto]">
            <Picker
              label="Server"
              choices={toolServerChoices(appId)}
              value={tool.server === ownAddress ? undefined : { id: tool.server, name: tool.server }}
              none="An address of its own"
              onChoose={(server) => change(tool.id, { server: server?.id ?? ownAddress })}
            />
            <TextField
              label="Tools it may call"
              hint="By name, separated by commas."
              dir="ltr"
              value={tool.allow}
              onChange={({ target }) => change(tool.id, { allow: target.value })}
            />
            <button
              type="button"
              className="btn mt-6"
              onClick={() => onChange(tools.filter(({ id }) => id !== tool.id))}
            >
              Remove
            </button>
            {tool.server === ownAddress && (
              <TextField
                label="Address"
                type="url"
                dir="ltr"
                placeholder="https://example.com/mcp"
                value={tool.url}
                onChange={({ target }) => change(tool.id, { url: target.value })}
              />
            )}
          </div>
        ))}
        {error && <p className="text-xs text-refuse">{error}</p>}
      </div>
    </section>
  );
}
