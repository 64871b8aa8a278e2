import { type ComponentProps, type ReactNode, useId } from "react";

interface FieldProps {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly error?: string | undefined;
  readonly optional?: boolean;
  readonly children: (attributes: { id: string; "aria-describedby"?: string; "aria-invalid"?: true }) => ReactNode;
}

/** A label with its control, a hint, and what is wrong with the input. */
export function Field({ label, hint, error, optional, children }: FieldProps) {
  const id = useId();
  const hasNote = hint !== undefined || error !== undefined;
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
        {optional && <span className="font-normal text-text-3"> (optional)</span>}
      </label>
      {children({
        id,
        ...(hasNote ? { "aria-describedby": `${id}-note` } : {}),
        ...(error === undefined ? {} : { "aria-invalid": true as const }),
      })}
      {hasNote && (
        <p id={`${id}-note`} className={`text-xs ${error === undefined ? "text-text-3" : "text-refuse"}`}>
          {error ?? hint}
        </p>
      )}
    </div>
  );
}

type TextFieldProps = Omit<ComponentProps<"input">, "children"> & Omit<FieldProps, "children">;

export function TextField({ label, hint, error, optional, className = "", ...input }: TextFieldProps) {
  return (
    <Field label={label} hint={hint} error={error} {...(optional ? { optional } : {})}>
      {(attributes) => (
        <input type="text" autoComplete="off" dir="auto" className={`input ${className}`} {...input} {...attributes} />
      )}
    </Field>
  );
}

type TextAreaProps = Omit<ComponentProps<"textarea">, "children"> & Omit<FieldProps, "children">;

export function TextArea({ label, hint, error, optional, className = "", ...input }: TextAreaProps) {
  return (
    <Field label={label} hint={hint} error={error} {...(optional ? { optional } : {})}>
      {(attributes) => <textarea dir="auto" className={`input ${className}`} {...input} {...attributes} />}
    </Field>
  );
}

type SelectProps = Omit<ComponentProps<"select">, "children"> &
  Omit<FieldProps, "children"> & { options: readonly { value: string; name: string }[] };

export function SelectField({ label, hint, error, optional, options, ...select }: SelectProps) {
  return (
    <Field label={label} hint={hint} error={error} {...(optional ? { optional } : {})}>
      {(attributes) => (
        <select className="input" {...select} {...attributes}>
          {options.map(({ value, name }) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** A tick box or a radio with its sentence. */
export function Check({ label, says, ...input }: ComponentProps<"input"> & { label: ReactNode; says?: ReactNode }) {
  const id = useId();
  return (
    <div className="flex items-start gap-2">
      <input
        type="checkbox"
        id={id}
        className="check mt-[2px]"
        aria-describedby={says ? `${id}-says` : undefined}
        {...input}
      />
      <div className="min-w-0">
        <label htmlFor={id} className="cursor-pointer">
          {label}
        </label>
        {says && (
          <p id={`${id}-says`} className="text-sm text-text-2">
            {says}
          </p>
        )}
      </div>
    </div>
  );
}

interface SegmentsProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly { readonly value: Value; readonly name: ReactNode }[];
  readonly onChange: (value: Value) => void;
  readonly disabled?: boolean;
}

/** A few positions of which one is chosen; arrow keys move between them. */
export function Segments<Value extends string>({ label, value, options, onChange, disabled }: SegmentsProps<Value>) {
  const name = useId();
  return (
    <fieldset className="min-w-0" disabled={disabled}>
      <legend className="sr-only">{label}</legend>
      <div className="segments">
        {options.map((option) => (
          <label key={option.value}>
            <input type="radio" name={name} checked={option.value === value} onChange={() => onChange(option.value)} />
            {option.name}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
