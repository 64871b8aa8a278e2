import { CopyButton } from "../../parts/copy";
import { count } from "../../parts/format";
import { Verdict } from "../../parts/marks";
import { Name, Time } from "../../parts/text";
import { actionName, differences } from "./difference";
import type { AuditLogQuery } from "./operations.generated";

type Entry = AuditLogQuery["auditLog"]["nodes"][number];

interface EntryRowsProps {
  readonly entry: Entry;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
  readonly onTarget: (id: string) => void;
}

/** An entry in one row; opened, what it has changed in a second one. */
export function EntryRows({ entry, isOpen, onToggle, onTarget }: EntryRowsProps) {
  const isRefusal = entry.action.startsWith("REFUSE_");
  const name = actionName(entry.action);
  return (
    <>
      <tr>
        <td className="text-text-2">
          <Time at={entry.at} />
        </td>
        <td>
          <Name max={28}>{entry.actor.name}</Name>
        </td>
        <td>
          {isRefusal ? <Verdict tone="refuse">{name}</Verdict> : name}
          {entry.occurrences > 1 && <span className="text-text-3"> ×{entry.occurrences}</span>}
        </td>
        <td>
          <button type="button" className="link cursor-pointer" onClick={() => onTarget(entry.target.id)}>
            <Name max={32}>{entry.target.name}</Name>
          </button>
        </td>
        <td className="text-text-2">{entry.address && <code>{entry.address}</code>}</td>
        <td className="num text-text-3">{entry.sequence}</td>
        <td className="fit">
          <button
            type="button"
            className="btn btn-small"
            aria-expanded={isOpen}
            aria-label={`Details of entry ${String(entry.sequence)}`}
            onClick={onToggle}
          >
            Details
          </button>
        </td>
      </tr>
      {isOpen && (
        <tr>
          <td colSpan={7} className="bg-canvas! py-3! whitespace-normal!">
            <Details entry={entry} />
          </td>
        </tr>
      )}
    </>
  );
}

function Details({ entry }: { entry: Entry }) {
  const changes = differences(entry.before, entry.after);
  return (
    <div className="flex flex-col gap-3">
      {changes.length > 0 ? (
        <table className="text-sm">
          <thead>
            <tr className="text-left text-xs text-text-2">
              <td className="h-auto! border-0! pr-6">Field</td>
              <td className="h-auto! border-0! pr-6">Before</td>
              <td className="h-auto! border-0!">After</td>
            </tr>
          </thead>
          <tbody>
            {changes.map(({ field, before, after }) => (
              <tr key={field} className="align-top">
                <td className="h-auto! border-0! py-1! font-medium">{field}</td>
                <td className="h-auto! border-0! py-1! break-all whitespace-normal! text-text-2">
                  <bdi>{before ?? "–"}</bdi>
                </td>
                <td className="h-auto! border-0! py-1! break-all whitespace-normal!">
                  <bdi>{after ?? "–"}</bdi>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <p className="text-text-2">
          {entry.occurrences > 1
            ? `It happened ${count(entry.occurrences, "time")} in a minute.`
            : "It has changed no field."}
        </p>
      )}
      <p className="flex flex-wrap items-center gap-x-4 gap-y-1 text-xs text-text-2">
        <span>
          {entry.target.type.toLowerCase().replaceAll("_", " ")} <code className="text-xs">{entry.target.id}</code>
        </span>
        {entry.requestId && (
          <span>
            Request <code className="text-xs">{entry.requestId}</code>{" "}
            <CopyButton text={entry.requestId} what="the request's id" className="link text-xs" />
          </span>
        )}
        <span>
          Hash <code className="text-xs">{entry.hash.slice(0, 16)}…</code> after{" "}
          <code className="text-xs">{entry.previousHash.slice(0, 16)}…</code>
        </span>
      </p>
    </div>
  );
}
