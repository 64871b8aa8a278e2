import type { Change } from "./changes";
import { DialogFrame } from "./dialog";
import { truncateMiddle } from "./format";
import { Problem } from "./problem";
import { Time } from "./text";
import { useAction } from "./use-action";

interface ConflictDialogProps {
  /** Such as `scope`. */
  readonly noun: string;
  readonly theirs: readonly Change[];
  readonly yours: readonly Change[];
  readonly savedAt: string;
  readonly onKeepYours: () => Promise<void>;
  readonly onTakeTheirs: () => void;
  readonly onClose: () => void;
}

const cellLength = 60;

/** Somebody saved the same thing meanwhile: shows both versions, field by field, and lets one choose. */
export default function ConflictDialog(props: ConflictDialogProps) {
  const { noun, theirs, yours, savedAt, onKeepYours, onTakeTheirs, onClose } = props;
  const { run, isPending, error } = useAction(onKeepYours);
  const names = [...new Set([...theirs, ...yours].map(({ what }) => what))];
  return (
    <DialogFrame
      title={`Somebody has saved this ${noun} meanwhile`}
      lead={
        <>
          Their version was saved <Time at={savedAt} />. Nothing of yours is saved yet.
        </>
      }
      onClose={onClose}
      width={680}
    >
      <div className="table-wrap" tabIndex={0} role="group" aria-label="Both versions">
        <table className="table">
          <thead>
            <tr>
              <th>Field</th>
              <th>Before</th>
              <th>Theirs</th>
              <th>Yours</th>
            </tr>
          </thead>
          <tbody>
            {names.map((what) => {
              const their = theirs.find((change) => change.what === what);
              const your = yours.find((change) => change.what === what);
              return (
                <tr key={what}>
                  <td className="font-medium">{what}</td>
                  <td className="text-text-2">
                    <Value of={their?.before ?? your?.before} />
                  </td>
                  <td>
                    <Value of={their?.after} />
                  </td>
                  <td>
                    <Value of={your?.after} />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <div className="mt-4">
        <Problem error={error} />
      </div>
      <div className="dialog-foot">
        <button type="button" className="btn" onClick={onClose}>
          Go on editing
        </button>
        <button type="button" className="btn" onClick={onTakeTheirs}>
          Take theirs
        </button>
        <button type="button" className="btn btn-danger" aria-disabled={isPending} onClick={() => void run()}>
          {isPending ? "Saving…" : "Overwrite with yours"}
        </button>
      </div>
    </DialogFrame>
  );
}

function Value({ of }: { of: string | undefined }) {
  if (of === undefined) return <span className="text-text-3">unchanged</span>;
  return <bdi data-tip={of.length > cellLength ? of : undefined}>{truncateMiddle(of, cellLength) || "empty"}</bdi>;
}
