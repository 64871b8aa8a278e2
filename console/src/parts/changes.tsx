/** One difference between two versions of something, in words. */
export interface Change {
  readonly what: string;
  readonly before: string;
  readonly after: string;
  /** Whether keys may do more or less after it. */
  readonly effect: "more" | "less" | "other";
}

const tones = { more: "text-allow", less: "text-refuse", other: "text-text-2" };
const words = { more: "wider", less: "narrower", other: "" };

/** The differences, each with its old and its new value. */
export function ChangesList({ changes }: { changes: readonly Change[] }) {
  return (
    <ul className="flex flex-col gap-2">
      {changes.map(({ what, before, after, effect }) => (
        <li key={what} className="min-w-0">
          <span className="flex items-baseline justify-between gap-3">
            <span className="font-medium">{what}</span>
            <span className={`text-xs ${tones[effect]}`}>{words[effect]}</span>
          </span>
          <span className="line-clamp-4 text-sm break-words text-text-2">
            <del className="no-underline">
              <bdi>{before || "empty"}</bdi>
            </del>
            {" → "}
            <ins className="text-text no-underline">
              <bdi>{after || "empty"}</bdi>
            </ins>
          </span>
        </li>
      ))}
    </ul>
  );
}
