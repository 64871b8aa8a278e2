import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../api/client";
import { DialogFrame } from "../../parts/dialog";
import { count } from "../../parts/format";
import { Verdict } from "../../parts/marks";
import { Problem } from "../../parts/problem";
import { Clock, Name, Time } from "../../parts/text";
import { FormDialog } from "../../parts/form-dialog";
import { newRevocation, RevocationFields, runsOf } from "../../parts/revocation-fields";
import { useAction } from "../../parts/use-action";
import { RevokeKeysDocument, type RevokeKeysMutation } from "./operations.generated";

interface RevokeKeysProps {
  readonly ids: readonly string[];
  readonly onClose: () => void;
  readonly onRevoked: () => void;
}

/** Revokes several keys: first shows what the server says it would do, then what it did. */
export default function RevokeKeys({ ids, onClose, onRevoked }: RevokeKeysProps) {
  const [revocation, setRevocation] = useState(newRevocation);
  const [done, setDone] = useState<RevokeKeysMutation["revokeApiKeys"] | null>(null);
  const runs = runsOf(revocation);
  const plan = useQuery({
    queryKey: ["revoke-plan", ids, runs],
    queryFn: ({ signal }) => request(RevokeKeysDocument, { input: { ids: [...ids], dryRun: true, runs } }, { signal }),
    staleTime: 0,
    gcTime: 0,
    enabled: !done,
  });
  const { run, isPending, error } = useAction(async () => {
    const input = { ids: [...ids], runs, reason: revocation.reason.trim() || null };
    setDone((await request(RevokeKeysDocument, { input })).revokeApiKeys);
  });
  const planned = plan.data?.revokeApiKeys;
  if (done)
    return (
      <DialogFrame title={`${count(done.count, "key")} revoked`} onClose={onRevoked} width={460}>
        <Revoked done={done} />
        <div className="dialog-foot">
          <button type="button" className="btn btn-primary" onClick={onRevoked}>
            Done
          </button>
        </div>
      </DialogFrame>
    );
  return (
    <FormDialog
      title={`Revoke ${count(ids.length, "key")}?`}
      lead="Revoking is for good: the keys are refused on every server once it is done."
      onClose={onClose}
      onSubmit={run}
      action={`Revoke ${count(planned?.count ?? ids.length, "key")}`}
      pendingAction="Revoking…"
      tone="danger"
      isPending={isPending}
      isReady={planned !== undefined}
      error={error}
    >
      <Problem error={plan.error} />
      {planned ? (
        <>
          <ul className="list-disc pl-5">
            <li>
              {planned.usedInLastDays === 0
                ? "None of them was used in the last 7 days."
                : `${count(planned.usedInLastDays, "key")} of them used in the last 7 days.`}
            </li>
            <li>{count(planned.runsCancelled, "unfinished run")} would be cancelled.</li>
            <li>{count(planned.streamsEnded, "open stream")} on this server would end.</li>
          </ul>
          <ul
            className="max-h-44 overflow-y-auto rounded border border-line px-3 py-2"
            tabIndex={0}
            aria-label="Keys to revoke"
          >
            {planned.keys.map(({ id, name, hint, lastUsedAt }) => (
              <li key={id} className="flex justify-between gap-3 py-1">
                <span className="flex min-w-0 gap-3">
                  <Name max={28}>{name}</Name>
                  <code className="text-text-2">{hint}</code>
                </span>
                <span className="whitespace-nowrap text-text-2">
                  <Time at={lastUsedAt} none="never used" />
                </span>
              </li>
            ))}
          </ul>
        </>
      ) : (
        !plan.error && <p className="text-text-2">Asking what would happen…</p>
      )}
      <RevocationFields keys="the keys" revocation={revocation} onChange={setRevocation} />
    </FormDialog>
  );
}

/** The work that a revocation has ended, and its time, as the server answered. */
export function Revoked({ done }: { done: RevokeKeysMutation["revokeApiKeys"] }) {
  return (
    <div className="flex flex-col gap-2">
      {done.refusedFrom && (
        <Verdict tone="refuse">
          Refused since <Clock at={done.refusedFrom} />, on every server.
        </Verdict>
      )}
      <p className="text-text-2">
        {count(done.runsCancelled, "run")} cancelled, {count(done.streamsEnded, "stream")} ended.
      </p>
    </div>
  );
}
