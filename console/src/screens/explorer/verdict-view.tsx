import { Verdict } from "../../parts/marks";
import type { OperationVerdict } from "./verdict";

/** The verdict of the server before anything is sent: each root field with its requirement. */
export function VerdictView({ verdict }: { verdict: OperationVerdict | null }) {
  return (
    <ul className="flex min-h-5 flex-wrap gap-x-6 gap-y-1 text-sm" aria-label="Verdict" aria-live="polite">
      {verdict?.fields.map(({ field, requires, isAllowed }) => (
        <li key={field}>
          <Verdict tone={isAllowed ? "allow" : "refuse"}>
            <code>{field}</code> {isAllowed ? "is allowed" : "would be refused"}
            <span className="text-text-3"> [{requires}]</span>
          </Verdict>
        </li>
      ))}
      {!verdict && (
        <li>
          <Verdict tone="unknown">Not complete yet</Verdict>
        </li>
      )}
    </ul>
  );
}
