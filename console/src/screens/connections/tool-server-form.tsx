import { useState } from "react";
import { request } from "../../api/client";
import { fieldErrors, hasCode } from "../../api/errors";
import { Check, TextArea, TextField } from "../../parts/fields";
import { FormDialog } from "../../parts/form-dialog";
import { useAction } from "../../parts/use-action";
import type { ToolServer } from "./connections";
import { CreateToolServerDocument, UpdateToolServerDocument } from "./operations.generated";

interface ToolServerFormProps {
  readonly appId: string;
  readonly server?: ToolServer;
  readonly onClose: () => void;
  readonly onDone: (said: string) => Promise<void>;
}

/** Headers as they are typed, one a line: `name: value`. */
const parseHeaders = (text: string) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => {
      const colon = line.indexOf(":");
      return colon < 0
        ? { name: line, value: "" }
        : { name: line.slice(0, colon).trim(), value: line.slice(colon + 1).trim() };
    });

export default function ToolServerForm({ appId, server, onClose, onDone }: ToolServerFormProps) {
  const [name, setName] = useState(server?.name ?? "");
  const [url, setUrl] = useState(server?.url ?? "");
  const [headers, setHeaders] = useState("");
  const [areHeadersReplaced, setAreHeadersReplaced] = useState(!server || server.headerNames.length === 0);
  const [hint, setHint] = useState<string>();
  const { run, isPending, error } = useAction(async () => {
    if (name.trim() === "") {
      setHint("Enter a name.");
      return;
    }
    const given = areHeadersReplaced ? { headers: parseHeaders(headers) } : {};
    if (server) {
      const moved = url.trim() === server.url ? {} : { url: url.trim() };
      await request(UpdateToolServerDocument, { input: { id: server.id, name, ...moved, ...given } });
    } else await request(CreateToolServerDocument, { input: { appId, name, url: url.trim(), ...given } });
    await onDone(server ? "The tool server is saved." : "The tool server is added. Test it from its options.");
  });
  const faults = fieldErrors(error);
  const nameFault = hint ?? (hasCode(error, "CONFLICT") ? error.message : undefined);
  return (
    <FormDialog
      title={server ? "Edit the tool server" : "New Tool Server"}
      onClose={onClose}
      width={480}
      onSubmit={run}
      action={server ? "Save" : "Add"}
      pendingAction={server ? "Saving…" : "Adding…"}
      isPending={isPending}
      error={nameFault === undefined ? error : null}
    >
      <TextField
        label="Name"
        dir="ltr"
        hint="Letters, digits, hyphens, underscores and dots."
        value={name}
        maxLength={64}
        error={nameFault}
        onChange={({ target }) => {
          setName(target.value);
          setHint(undefined);
        }}
      />
      <TextField
        label="Address"
        type="url"
        dir="ltr"
        placeholder="https://example.com/mcp"
        value={url}
        error={faults["url"]}
        onChange={({ target }) => setUrl(target.value)}
      />
      {server && server.headerNames.length > 0 && (
        <Check
          label="Replace the headers"
          says={`Stored: ${server.headerNames.join(", ")}. A new address needs them again.`}
          checked={areHeadersReplaced}
          onChange={({ target }) => setAreHeadersReplaced(target.checked)}
        />
      )}
      {areHeadersReplaced && (
        <TextArea
          label="Headers"
          optional
          rows={3}
          dir="ltr"
          className="font-mono text-sm"
          placeholder="authorization: Bearer …"
          hint="One a line, such as authorization: Bearer …; sent with each request to this server."
          value={headers}
          error={faults["headers"] ?? faults["value"]}
          onChange={({ target }) => setHeaders(target.value)}
        />
      )}
    </FormDialog>
  );
}
