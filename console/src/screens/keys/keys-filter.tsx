import { useEffect, useRef, useState } from "react";
import { Segments, TextField } from "../../parts/fields";
import { notify } from "../../parts/notices";
import { withoutSecret } from "../../parts/without-secret";
import { type KeysSearch, shows } from "./search";

const debounceMs = 150;

interface KeysFilterProps {
  readonly search: KeysSearch;
  readonly onChange: (part: KeysSearch) => void;
}

/** Search and filter of the keys; both are in the address. */
export function KeysFilter({ search, onChange }: KeysFilterProps) {
  const [text, setText] = useState(search.search ?? "");
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    setText(search.search ?? "");
  }, [search.search]);
  const type = (typed: string) => {
    const safe = withoutSecret(typed);
    if (safe !== typed) notify("This is a secret. The key is looked up by its hint; the secret is sent nowhere.");
    setText(safe);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onChange({ search: safe.trim() || undefined }), debounceMs);
  };
  const more = [search.owner, search.tag, search.environment].filter((value) => value !== undefined).length;
  return (
    <div className="mb-3 flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-3">
        <input
          type="search"
          className="input max-w-80"
          aria-label="Search keys"
          placeholder="Name, owner, environment or hint"
          maxLength={120}
          dir="auto"
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={({ target }) => type(target.value)}
        />
        <div className="hidden md:block">
          <Segments
            label="Which keys"
            value={shows.find(({ value }) => value === search.show)?.value ?? "active"}
            options={shows}
            onChange={(show) => onChange({ show: show === "active" ? undefined : show })}
          />
        </div>
        <select
          className="input max-w-44 md:hidden"
          aria-label="Which keys"
          value={search.show ?? "active"}
          onChange={({ target }) => onChange({ show: target.value === "active" ? undefined : target.value })}
        >
          {shows.map(({ value, name }) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </div>
      <details open={more > 0}>
        <summary className="w-fit cursor-pointer text-sm text-text-2">
          Owner, environment, tag{more > 0 && ` (${String(more)})`}
        </summary>
        <div className="mt-2 grid max-w-[720px] gap-3 sm:grid-cols-3">
          {(["owner", "environment", "tag"] as const).map((field) => (
            <Exact key={field} field={field} value={search[field]} onChange={onChange} />
          ))}
        </div>
      </details>
    </div>
  );
}

function Exact(props: {
  field: "owner" | "environment" | "tag";
  value: string | undefined;
  onChange: (part: KeysSearch) => void;
}) {
  const { field, value, onChange } = props;
  const label = { owner: "Owner", environment: "Environment", tag: "Tag" }[field];
  return (
    <form
      key={value}
      onSubmit={(event) => {
        event.preventDefault();
        const typed = new FormData(event.currentTarget).get(field);
        onChange({
          [field]: typeof typed === "string" && typed.trim() !== "" ? withoutSecret(typed.trim()) : undefined,
        });
      }}
    >
      <TextField
        label={label}
        name={field}
        className="input-small"
        defaultValue={value ?? ""}
        onBlur={({ currentTarget }) => currentTarget.form?.requestSubmit()}
      />
    </form>
  );
}
