import { type ReactNode, useRef, useState } from "react";
import { DialogFrame } from "./dialog";
import { TextField } from "./fields";
import { Problem } from "./problem";

interface ConfirmDialogProps {
  readonly title: string;
  readonly children?: ReactNode;
  /** The name that has to be typed first. */
  readonly typeName?: string | undefined;
  readonly action: string;
  readonly pendingAction: string;
  readonly tone?: "danger" | "primary";
  readonly onConfirm: () => Promise<unknown>;
  readonly onClose: () => void;
}

/** Asks before something that can't be undone, and stays until the server has said that it is done. */
export default function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, children, typeName, action, pendingAction, tone = "danger", onConfirm, onClose } = props;
  const [typed, setTyped] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [hint, setHint] = useState<string>();
  const [isPending, setIsPending] = useState(false);
  const isUnderWay = useRef(false);
  const confirm = async () => {
    if (typeName !== undefined && typed.trim() !== typeName.trim()) {
      setHint("This is not the name.");
      return;
    }
    if (isUnderWay.current) return;
    isUnderWay.current = true;
    setIsPending(true);
    setError(null);
    try {
      await onConfirm();
      onClose();
    } catch (failure) {
      setError(failure);
    } finally {
      isUnderWay.current = false;
      setIsPending(false);
    }
  };
  return (
    <DialogFrame title={title} onClose={onClose} width={460}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void confirm();
        }}
      >
        {children && <div className="flex flex-col gap-3 text-text-2">{children}</div>}
        {typeName !== undefined && (
          <TextField
            label={`Type “${typeName}” to confirm`}
            value={typed}
            error={hint}
            onChange={({ target }) => {
              setTyped(target.value);
              setHint(undefined);
            }}
          />
        )}
        <Problem error={error} />
        <div className="dialog-foot mt-0!">
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className={`btn btn-${tone}`} aria-disabled={isPending}>
            {isPending ? pendingAction : action}
          </button>
        </div>
      </form>
    </DialogFrame>
  );
}
