import { TextArea, TextField } from "../../parts/fields";
import { splitList } from "../../parts/format";

/** The fields of a key's form, as they are typed. */
export interface KeyForm {
  readonly name: string;
  readonly owner: string;
  readonly environment: string;
  readonly tags: string;
  readonly addresses: string;
  readonly description: string;
}

export const emptyKeyForm: KeyForm = { name: "", owner: "", environment: "", tags: "", addresses: "", description: "" };

/** The fields as the API takes them, for a new key and for a change. */
export const inputOfKey = ({ name, owner, environment, tags, addresses, description }: KeyForm) => ({
  name,
  owner: owner.trim() || null,
  environment: environment.trim() || null,
  tags: splitList(tags),
  allowedAddresses: splitList(addresses),
  description,
});

interface KeyFieldsProps {
  readonly form: KeyForm;
  readonly onChange: (part: Partial<KeyForm>) => void;
  readonly nameFault: string | undefined;
  readonly faults: Readonly<Record<string, string>>;
  /** Whether what few people need is folded away. */
  readonly isFolded?: boolean;
}

/** The fields of a key: those of a new one, and those of one that is changed. */
export function KeyFields({ form, onChange, nameFault, faults, isFolded = false }: KeyFieldsProps) {
  const more = (
    <>
      <TextField
        label="Tags"
        optional
        hint="Separated by commas."
        value={form.tags}
        error={faults["tags"]}
        onChange={({ target }) => onChange({ tags: target.value })}
      />
      <TextArea
        label="Allowed addresses"
        optional
        rows={2}
        dir="ltr"
        className="font-mono text-sm"
        hint="One a line, such as 203.0.113.7 or 2001:db8::/32; any address if it is empty."
        value={form.addresses}
        error={faults["allowedAddresses"]}
        onChange={({ target }) => onChange({ addresses: target.value })}
      />
      <TextArea
        label="Description"
        optional
        rows={2}
        maxLength={2000}
        value={form.description}
        error={faults["description"]}
        onChange={({ target }) => onChange({ description: target.value })}
      />
    </>
  );
  const hasFaultInside = ["tags", "allowedAddresses", "description"].some((field) => faults[field] !== undefined);
  return (
    <>
      <TextField
        label="Name"
        value={form.name}
        maxLength={120}
        error={nameFault}
        onChange={({ target }) => onChange({ name: target.value })}
      />
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          label="Owner"
          optional
          hint="The person or the team that has the key."
          value={form.owner}
          maxLength={120}
          error={faults["owner"]}
          onChange={({ target }) => onChange({ owner: target.value })}
        />
        <TextField
          label="Environment"
          optional
          hint="A label such as production."
          value={form.environment}
          maxLength={64}
          error={faults["environment"]}
          onChange={({ target }) => onChange({ environment: target.value })}
        />
      </div>
      {isFolded ? (
        <details {...(hasFaultInside ? { open: true } : {})}>
          <summary className="w-fit cursor-pointer text-sm text-text-2">Tags, addresses, description</summary>
          <div className="mt-3 flex flex-col gap-4">{more}</div>
        </details>
      ) : (
        more
      )}
    </>
  );
}
