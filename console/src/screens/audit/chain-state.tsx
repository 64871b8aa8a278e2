import { useEffect, useState } from "react";
import { request } from "../../api/client";
import { formatNumber } from "../../parts/format";
import { Verdict } from "../../parts/marks";
import { Problem } from "../../parts/problem";
import { AuditVerificationDocument, type AuditVerificationQuery } from "./operations.generated";

type Verification = AuditVerificationQuery["auditVerification"];

/** Parts of 500 entries that are verified without being asked for; a longer log goes on by a button. */
const partsByItself = 10;

const isOpenEnded = ({ verifiedUpTo, lastSequence, fault }: Verification): boolean =>
  !fault && verifiedUpTo < lastSequence;

/** Up to where the chain of the log was verified just now, part by part, or the first entry that is not as it was written. */
export function ChainState({ appId }: { appId: string | undefined }) {
  const [state, setState] = useState<Verification | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [parts, setParts] = useState(partsByItself);
  const [round, setRound] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    const verify = async () => {
      let after = 0;
      for (let part = 0; part < parts; part++) {
        const { auditVerification } = await request(
          AuditVerificationDocument,
          { appId: appId ?? null, after },
          { signal: abort.signal },
        );
        setState(auditVerification);
        if (!isOpenEnded(auditVerification)) return;
        after = auditVerification.verifiedUpTo;
      }
    };
    setError(null);
    verify().catch((failure: unknown) => {
      if (!abort.signal.aborted) setError(failure);
    });
    return () => abort.abort();
  }, [appId, parts, round]);
  if (error !== null) return <Problem error={error} retry={() => setRound(round + 1)} />;
  return (
    <div role="status" className="flex min-h-7 flex-wrap items-center gap-x-4 gap-y-1">
      {!state && <Verdict tone="busy">Verifying…</Verdict>}
      {state?.fault && (
        <Verdict tone="refuse">
          Entry {formatNumber(state.fault.sequence)} does not verify: {state.fault.problem}
        </Verdict>
      )}
      {state && !state.fault && (
        <Verdict tone={isOpenEnded(state) ? "busy" : "allow"}>
          {state.lastSequence === 0
            ? "Nothing to verify yet"
            : `Verified up to entry ${formatNumber(state.verifiedUpTo)}${isOpenEnded(state) ? ` of ${formatNumber(state.lastSequence)}` : ""}`}
        </Verdict>
      )}
      {state && isOpenEnded(state) && state.verifiedUpTo >= parts * 500 && (
        <button type="button" className="btn btn-small" onClick={() => setParts(parts * 10)}>
          Go on
        </button>
      )}
    </div>
  );
}
