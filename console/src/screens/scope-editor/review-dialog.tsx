import type { Grants } from "../../api/requirements";
import { type Change, ChangesList } from "../../parts/changes";
import { FormDialog } from "../../parts/form-dialog";
import { count } from "../../parts/format";
import { Name, Time } from "../../parts/text";
import { useAction } from "../../parts/use-action";
import { ImpactView } from "./impact-view";
import type { ShutOutKeys } from "./edit-scope";

interface ReviewDialogProps {
  readonly changes: readonly Change[];
  /** As the server answered the dry run. */
  readonly shutOutKeys: ShutOutKeys;
  readonly appId: string;
  readonly scopeId: string;
  /** The permissions after the change. */
  readonly next: Grants;
  readonly keys: string;
  readonly onSave: () => Promise<void>;
  readonly onClose: () => void;
}

/** Shows what a change that takes something away will do, before it is saved. */
export default function ReviewDialog({
  changes,
  shutOutKeys,
  appId,
  scopeId,
  next,
  keys,
  onSave,
  onClose,
}: ReviewDialogProps) {
  const { run, isPending, error } = useAction(onSave);
  const taken = changes.filter(({ effect }) => effect === "less");
  return (
    <FormDialog
      title="This takes something away"
      lead={`It is in effect for ${keys} once the server has answered. Runs and streams that rely on it end.`}
      onClose={onClose}
      width={560}
      onSubmit={run}
      action="Save the change"
      pendingAction="Saving…"
      tone="danger"
      isPending={isPending}
      error={error}
    >
      <ChangesList changes={taken} />
      <ImpactView appId={appId} scopeId={scopeId} next={next} />
      {shutOutKeys.length > 0 && (
        <div className="note note-unknown">
          <p className="mb-1">
            {count(shutOutKeys.length, "key")} of the last 30 days came from an address that would be refused:
          </p>
          <ul className="max-h-48 overflow-y-auto" tabIndex={0} aria-label="Keys that would be refused">
            {shutOutKeys.map(({ id, name, hint, lastUsedAt, lastUsedFrom }) => (
              <li key={id} className="flex flex-wrap gap-x-3">
                <Name>{name}</Name>
                <code>{hint}</code>
                <span>{lastUsedFrom}</span>
                <Time at={lastUsedAt} />
              </li>
            ))}
          </ul>
        </div>
      )}
    </FormDialog>
  );
}
