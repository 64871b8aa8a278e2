import { useState } from "react";
import { request } from "../../api/client";
import { TextField } from "../../parts/fields";
import { formatDuration } from "../../parts/format";
import { Verdict } from "../../parts/marks";
import { FormDialog } from "../../parts/form-dialog";
import { useAction } from "../../parts/use-action";
import type { ModelConnection } from "./connections";
import { TestConnectionDocument, type TestConnectionMutation } from "./operations.generated";

/** Makes one small call to a model of the connection, and shows what came of it. */
export default function TestConnection({ connection, onClose }: { connection: ModelConnection; onClose: () => void }) {
  const [model, setModel] = useState("");
  const [hint, setHint] = useState<string>();
  const [result, setResult] = useState<TestConnectionMutation["testModelConnection"] | null>(null);
  const { run, isPending, error } = useAction(async () => {
    if (model.trim() === "") {
      setHint("Enter the name of a model.");
      return;
    }
    setResult(null);
    const input = { id: connection.id, model: model.trim() };
    setResult((await request(TestConnectionDocument, { input })).testModelConnection);
  });
  return (
    <FormDialog
      title={`Test “${connection.name}”`}
      lead="One small call is made, for which the provider may charge."
      onClose={onClose}
      width={480}
      onSubmit={run}
      action="Test"
      pendingAction="Testing…"
      isPending={isPending}
      error={error}
      cancel="Close"
    >
      <TextField
        label="Model"
        dir="ltr"
        className="font-mono text-sm"
        hint="Its name at the provider."
        value={model}
        error={hint}
        onChange={({ target }) => {
          setModel(target.value);
          setHint(undefined);
        }}
      />
      <div role="status" className="min-h-5">
        {result?.ok && <Verdict tone="allow">It answered after {formatDuration(result.latencyMs)}.</Verdict>}
        {result && !result.ok && (
          <div className="flex flex-col gap-1">
            <Verdict tone="refuse">No answer after {formatDuration(result.latencyMs)}.</Verdict>
            <p>{result.error?.message}</p>
            <code className="text-xs text-text-2">{result.error?.code}</code>
          </div>
        )}
      </div>
    </FormDialog>
  );
}
