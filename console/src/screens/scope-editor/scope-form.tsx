import type { ReactNode } from "react";
import { fieldErrors } from "../../api/errors";
import { TextArea, TextField } from "../../parts/fields";
import { type LimitName, limitNames, type ScopeDraft } from "./draft";
import { PermissionEditor } from "./permission-editor";

interface ScopeFormProps {
  readonly appId: string;
  readonly draft: ScopeDraft;
  readonly onChange: (draft: ScopeDraft) => void;
  readonly onSubmit: () => void;
  readonly error: unknown;
  readonly nameFault?: string | undefined;
  readonly highlighted?: string | undefined;
  readonly above?: ReactNode;
  readonly foot: ReactNode;
  readonly aside: ReactNode;
}

const limitHints: Readonly<Record<LimitName, string>> = {
  requestsPerSecond: "One for a request, for each mutation in it, and for each execution.",
  requestBurst: "If it is more than the points per second.",
  runsAtOnce: "Further runs stay queued.",
  tokensPerDay: "Input and output together, by day in UTC.",
};

/** The form of a scope, with what it leads to beside it. */
export function ScopeForm(props: ScopeFormProps) {
  const { appId, draft, onChange, onSubmit, error, nameFault, highlighted, above, foot, aside } = props;
  const faults = fieldErrors(error);
  const set = (part: Partial<ScopeDraft>) => onChange({ ...draft, ...part });
  return (
    <form
      noValidate
      className="grid items-start gap-6 lg:grid-cols-[minmax(0,1fr)_360px]"
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      <div className="flex min-w-0 flex-col gap-6">
        {above}
        <div className="card flex flex-col gap-4 p-4">
          <TextField
            label="Name"
            value={draft.name}
            maxLength={120}
            error={nameFault ?? faults["name"]}
            onChange={({ target }) => set({ name: target.value })}
          />
          <TextArea
            label="Description"
            optional
            rows={2}
            maxLength={2000}
            value={draft.description}
            error={faults["description"]}
            onChange={({ target }) => set({ description: target.value })}
          />
        </div>
        <div className="card p-4">
          <PermissionEditor
            appId={appId}
            value={draft.permissions}
            highlighted={highlighted}
            onChange={(permissions) => set({ permissions })}
          />
        </div>
        <details className="card" open={draft.addresses !== "" || draft.tags !== "" || hasLimits(draft)}>
          <summary className="cursor-pointer px-4 py-3 font-semibold">Addresses, limits and tags</summary>
          <div className="flex flex-col gap-4 border-t border-line p-4">
            <TextArea
              label="Allowed addresses"
              optional
              rows={2}
              dir="ltr"
              className="font-mono text-sm"
              placeholder={"203.0.113.7\n2001:db8::/32"}
              hint="Addresses and networks that requests may come from, one a line; any if it is empty."
              value={draft.addresses}
              error={faults["allowedAddresses"]}
              onChange={({ target }) => set({ addresses: target.value })}
            />
            <div className="grid gap-4 sm:grid-cols-2">
              {(Object.entries(limitNames) as [LimitName, string][]).map(([limit, name]) => (
                <TextField
                  key={limit}
                  label={name}
                  optional
                  inputMode="numeric"
                  pattern="[0-9]*"
                  dir="ltr"
                  placeholder="no limit"
                  hint={limitHints[limit]}
                  value={draft.limits[limit]}
                  error={
                    faults[limit] ?? (/^\d*$/.test(draft.limits[limit].trim()) ? undefined : "Enter a whole number.")
                  }
                  onChange={({ target }) => set({ limits: { ...draft.limits, [limit]: target.value } })}
                />
              ))}
            </div>
            <p className="text-xs text-text-3">All keys of the scope share these limits.</p>
            <TextField
              label="Tags"
              optional
              hint="Separated by commas."
              value={draft.tags}
              error={faults["tags"]}
              onChange={({ target }) => set({ tags: target.value })}
            />
          </div>
        </details>
        {foot}
      </div>
      <div className="flex min-w-0 flex-col gap-4 lg:sticky lg:top-4">{aside}</div>
    </form>
  );
}

const hasLimits = ({ limits }: ScopeDraft): boolean => Object.values(limits).some((limit) => limit !== "");
