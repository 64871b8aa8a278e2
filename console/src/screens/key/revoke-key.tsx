import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../api/client";
import { DialogFrame } from "../../parts/dialog";
import { TextField } from "../../parts/fields";
import { count } from "../../parts/format";
import { Problem } from "../../parts/problem";
import { Time } from "../../parts/text";
import { FormDialog } from "../../parts/form-dialog";
import { newRevocation, RevocationFields, runsOf } from "../../parts/revocation-fields";
import { useAction } from "../../parts/use-action";
import { Revoked } from "../keys/revoke-keys";
import type { KeyDetails } from "./key";
import { RevokeKeyDocument, type RevokeKeyMutation } from "./operations.generated";

/** Revokes a key; its name has to be typed only if it was used in the last 7 days. */
export default function RevokeKey({ apiKey, onClose }: { apiKey: KeyDetails; onClose: () => void }) {
  const [revocation, setRevocation] = useState(newRevocation);
  const [typed, setTyped] = useState("");
  const [hint, setHint] = useState<string>();
  const [done, setDone] = useState<RevokeKeyMutation["revokeApiKeys"] | null>(null);
  const runs = runsOf(revocation);
  const plan = useQuery({
    queryKey: ["revoke-plan", apiKey.id, runs],
    queryFn: ({ signal }) =>
      request(RevokeKeyDocument, { input: { ids: [apiKey.id], dryRun: true, runs } }, { signal }),
    staleTime: 0,
    gcTime: 0,
    enabled: !done,
  });
  const planned = plan.data?.revokeApiKeys;
  const isInUse = (planned?.usedInLastDays ?? 0) > 0;
  const { run, isPending, error } = useAction(async () => {
    if (isInUse && typed.trim() !== apiKey.name) {
      setHint("This is not the name.");
      return;
    }
    const input = { ids: [apiKey.id], runs, reason: revocation.reason.trim() || null };
    setDone((await request(RevokeKeyDocument, { input })).revokeApiKeys);
  });
  if (done)
    return (
      <DialogFrame title={`“${apiKey.name}” is revoked`} onClose={onClose} width={460}>
        {done.count > 0 ? <Revoked done={done} /> : <p>Somebody else had revoked it before.</p>}
        <div className="dialog-foot">
          <button type="button" className="btn btn-primary" onClick={onClose}>
            Done
          </button>
        </div>
      </DialogFrame>
    );
  return (
    <FormDialog
      title={`Revoke “${apiKey.name}”?`}
      lead="Revoking is for good: the key is refused on every server once it is done."
      onClose={onClose}
      width={460}
      onSubmit={run}
      action="Revoke the key"
      pendingAction="Revoking…"
      tone="danger"
      isPending={isPending}
      isReady={planned !== undefined}
      error={error}
    >
      <dl className="facts p-0!">
        <dt>Last used</dt>
        <dd>
          <Time at={apiKey.lastUsedAt} none="never" focusable />
          {apiKey.lastUsedFrom && ` from ${apiKey.lastUsedFrom}`}
        </dd>
        <dt>What ends</dt>
        <dd aria-live="polite">
          {planned
            ? `${count(planned.runsCancelled, "unfinished run")}, ${count(planned.streamsEnded, "open stream")} on this server`
            : "asking…"}
        </dd>
      </dl>
      <Problem error={plan.error} />
      <RevocationFields keys="the key" revocation={revocation} onChange={setRevocation} />
      {isInUse && (
        <TextField
          label={`It was used in the last 7 days. Type “${apiKey.name}” to confirm`}
          value={typed}
          error={hint}
          onChange={({ target }) => {
            setTyped(target.value);
            setHint(undefined);
          }}
        />
      )}
    </FormDialog>
  );
}
