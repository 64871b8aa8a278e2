import { useId, useState } from "react";
import { type Choice, type Choices, useChoices } from "./choices";
import { Check } from "./fields";
import { formatNumber } from "./format";
import { Problem } from "./problem";
import { Name } from "./text";
import { type Named, useNames } from "./use-names";

interface ChecklistProps {
  readonly label: string;
  readonly choices: Choices<Choice, Named>;
  readonly value: readonly string[];
  readonly note?: string;
  readonly onChange: (ids: readonly string[]) => void;
}

/**
 * Chooses several of a list of any length, which the server searches for what is typed. What is chosen, or was when it
 * opened, stays in sight if the shown part of the list lacks it.
 */
export function Checklist({ label, choices, value, note, onChange }: ChecklistProps) {
  const { noun } = choices;
  const noteId = useId();
  const [typed, setTyped] = useState("");
  const [kept, setKept] = useState<readonly { id: string; name?: string }[]>(value.map((id) => ({ id })));
  const [given] = useState(value);
  const names = useNames(noun, given);
  const { found, isCurrent, error, says } = useChoices(choices, typed);
  const others = typed.trim() === "" ? kept.filter(({ id }) => !found.some((one) => one.id === id)) : [];
  const listed = [...others.map(({ id, name }) => ({ id, name: name ?? names?.get(id) ?? id })), ...found];
  return (
    <div className="rounded border border-line">
      <div className="flex items-center gap-3 border-b border-line p-2">
        <input
          type="search"
          className="input input-small"
          placeholder={`Find an ${noun}`}
          aria-label={`Find an ${noun}`}
          maxLength={120}
          dir="auto"
          autoComplete="off"
          spellCheck={false}
          value={typed}
          onChange={({ target }) => setTyped(target.value)}
          onKeyDown={(event) => {
            // The form around it is not sent by a search.
            if (event.key === "Enter") event.preventDefault();
          }}
        />
        <span className="text-sm whitespace-nowrap text-text-2" aria-live="polite">
          {formatNumber(value.length)} chosen
        </span>
      </div>
      <ul className="max-h-56 overflow-y-auto p-2" tabIndex={0} aria-label={label} aria-busy={!isCurrent}>
        {listed.map(({ id, name }) => (
          <li key={id} className="py-1">
            <Check
              label={<Name>{name}</Name>}
              {...(note ? { "aria-describedby": noteId } : {})}
              checked={value.includes(id)}
              onChange={({ target }) => {
                if (target.checked) setKept([...kept.filter((one) => one.id !== id), { id, name }]);
                onChange(target.checked ? [...value, id] : value.filter((one) => one !== id));
              }}
            />
          </li>
        ))}
      </ul>
      <Problem error={error} />
      <div role="status">
        {says && (
          <p dir="auto" className="border-t border-line px-2 py-1 text-xs text-text-2">
            {says}
          </p>
        )}
      </div>
      {note && (
        <p id={noteId} className="border-t border-line px-2 py-1 text-xs text-text-3">
          {note}
        </p>
      )}
    </div>
  );
}
