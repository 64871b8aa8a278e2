import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { type Choice, type Choices, useChoices } from "./choices";
import { Field } from "./fields";
import { Problem } from "./problem";

interface PickerProps {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly choices: Choices;
  /** The chosen element, whether the shown part of the list has it or not. */
  readonly value: Choice | undefined;
  /** The name of the choice of nothing; without it something of the list has to be chosen. */
  readonly none?: string;
  readonly disabled?: boolean;
  readonly onChoose: (choice: Choice | undefined) => void;
}

const noneId = "";

/**
 * Chooses one of a list of any length: a field with a list below it, which the server searches for what is typed. The
 * focus stays in the field. The arrow keys mark a choice, Enter takes it, Escape and leaving the field change nothing.
 */
export function Picker({ label, hint, choices, value, none, disabled = false, onChoose }: PickerProps) {
  const list = useId();
  const field = useRef<HTMLInputElement>(null);
  const [isOpen, setIsOpen] = useState(false);
  const [typed, setTyped] = useState<string | null>(null);
  const [marked, setMarked] = useState<string>();
  const [picked, setPicked] = useState<Choice>();
  const { found, isCurrent, error, says } = useChoices(choices, typed ?? "", !disabled);
  const isSearching = typed !== null && typed.trim() !== "";
  const chosenId = value?.id ?? noneId;
  // The screen may still be loading what was picked.
  const knownName = picked?.id === value?.id ? picked?.name : undefined;
  const shownName = (value ? value.name || knownName : none) ?? "";
  const isLeftOut = value !== undefined && isCurrent && !found.some(({ id }) => id === chosenId);
  const listed: readonly Choice[] = isSearching
    ? found
    : [
        ...(none === undefined ? [] : [{ id: noneId, name: none }]),
        ...(isLeftOut ? [{ id: chosenId, name: shownName }] : []),
        ...found,
      ];
  const indexOf = (wanted: string | undefined) => listed.findIndex(({ id }) => id === wanted);
  const markedIndex = indexOf(marked) >= 0 ? indexOf(marked) : Math.max(0, isSearching ? 0 : indexOf(chosenId));
  // Enter must not take what was found for an earlier text.
  const current = isOpen && isCurrent ? listed[markedIndex] : undefined;
  const currentId = current && `${list}-${String(markedIndex)}`;

  useEffect(() => {
    if (currentId) document.getElementById(currentId)?.scrollIntoView({ block: "nearest" });
  }, [currentId]);
  useEffect(() => {
    // The next letter replaces the name.
    if (typed === null && document.activeElement === field.current) field.current?.select();
  }, [typed, shownName]);

  const close = () => {
    setIsOpen(false);
    setTyped(null);
    setMarked(undefined);
  };
  const choose = (choice: Choice) => {
    setPicked(choice);
    onChoose(choice.id === noneId ? undefined : choice);
    close();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      if (!isOpen) setIsOpen(true);
      else if (current) setMarked(listed[markedIndex + step]?.id ?? current.id);
    } else if (event.key === "Enter" && isOpen) {
      if (current) choose(current);
    } else if (event.key === "Escape" && isOpen) {
      // A dialog around it stays.
      event.stopPropagation();
      close();
    } else return;
    event.preventDefault();
  };

  return (
    <div>
      <Field label={label} hint={hint}>
        {(attributes) => (
          <div className="relative">
            <input
              ref={field}
              type="text"
              role="combobox"
              aria-autocomplete="list"
              aria-expanded={isOpen}
              aria-controls={isOpen ? list : undefined}
              aria-activedescendant={currentId}
              autoComplete="off"
              spellCheck={false}
              dir="auto"
              maxLength={120}
              placeholder={none === undefined ? "Choose one" : undefined}
              className="input input-picker"
              disabled={disabled}
              value={typed ?? shownName}
              onClick={({ currentTarget }) => {
                if (typed === null) currentTarget.select();
                setIsOpen(true);
              }}
              onChange={({ target }) => {
                setTyped(target.value);
                setMarked(undefined);
                setIsOpen(true);
              }}
              onKeyDown={onKeyDown}
              onBlur={close}
              {...attributes}
            />
            {isOpen && (
              // The focus stays in the field.
              <div
                className="menu absolute inset-x-0 top-full z-30 mt-1"
                onMouseDown={(event) => event.preventDefault()}
              >
                <ul id={list} role="listbox" aria-label={label} className="max-h-64 overflow-y-auto">
                  {listed.map((choice, index) => (
                    <li
                      key={choice.id}
                      id={`${list}-${String(index)}`}
                      role="option"
                      aria-selected={choice.id === chosenId}
                      data-highlighted={choice === current ? "" : undefined}
                      className={`menu-item ${choice === current ? "bg-press" : "hover:bg-hover"}`}
                      onClick={() => choose(choice)}
                    >
                      <bdi className="min-w-0 flex-1 wrap-anywhere">{choice.name}</bdi>
                      {choice.detail && <span className="text-xs text-text-2">{choice.detail}</span>}
                      {choice.id === chosenId && <Tick />}
                    </li>
                  ))}
                </ul>
                {(says !== "" || listed.length === 0) && (
                  <p dir="auto" className="px-2 py-1 text-xs text-text-2" aria-hidden="true">
                    {says || "Searching…"}
                  </p>
                )}
              </div>
            )}
            <p role="status" className="sr-only">
              {isOpen && says}
            </p>
          </div>
        )}
      </Field>
      <Problem error={error} />
    </div>
  );
}

const Tick = () => (
  <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true" className="flex-none fill-none stroke-current">
    <path d="M2 6.5 4.8 9 10 3" strokeWidth="1.6" />
  </svg>
);
