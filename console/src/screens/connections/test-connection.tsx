import { useState } from "react";
import { request } from "../../api/client";
import { DialogFrame } from "../../parts/dialog";
import { TextField } from "../../parts/fields";
import { formatDuration } from "../../parts/format";
import { Verdict } from "../../parts/marks";
import { Problem } from "../../parts/problem";
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
    <DialogFrame
      title={`Test “${connection.name}”`}
      lead="One small call is made, for which the provider may charge."
      onClose={onClose}
      width={480}
    >
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
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
        <Problem error={error} />
        <div className="dialog-foot mt-0!">
          <button type="button" className="btn" onClick={onClose}>
            Close
          </button>
          <button type="submit" className="btn btn-primary" aria-disabled={isPending}>
            {isPending ? "Testing…" : "Test"}
          </button>
        </div>
      </form>
    </DialogFrame>
  );
}
