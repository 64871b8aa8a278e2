import { type ReactNode, useRef } from "react";
import { DialogFrame } from "./dialog";
import { Problem } from "./problem";

interface FormDialogProps {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly width?: number;
  readonly onClose: () => void;
  /** Whether it stays open until the server has answered, since the answer has a secret. */
  readonly isHeld?: boolean;
  readonly onSubmit: () => Promise<void>;
  /** The text of the button that submits. */
  readonly action: string;
  /** Its text until the server has answered. */
  readonly pendingAction: string;
  readonly tone?: "danger" | "primary";
  readonly isPending: boolean;
  /** Whether it can be submitted yet. */
  readonly isReady?: boolean;
  /** Shown above the buttons. */
  readonly error?: unknown;
  readonly cancel?: "Cancel" | "Close";
  readonly children?: ReactNode;
}

/** A modal dialog with fields, a button that submits them, and one that does not. */
export function FormDialog(props: FormDialogProps) {
  const { title, lead, width, onClose, isHeld = false, onSubmit, action, pendingAction, tone = "primary" } = props;
  const { isPending, isReady = true, error, cancel = "Cancel", children } = props;
  const mayClose = !(isHeld && isPending);
  const form = useRef<HTMLFormElement>(null);
  /** A text that can be focused does not come first. On a touch screen, a field would open a keyboard over the dialog. */
  const firstField = (openType: string) =>
    (openType !== "touch" && form.current?.querySelector<HTMLElement>("input, textarea, select")) || true;
  return (
    <DialogFrame
      title={title}
      lead={lead}
      onClose={mayClose ? onClose : undefined}
      initialFocus={firstField}
      {...(width === undefined ? {} : { width })}
    >
      <form
        ref={form}
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void onSubmit();
        }}
      >
        {children}
        <Problem error={error} />
        <div className="dialog-foot mt-0!">
          <button type="button" className="btn" aria-disabled={!mayClose} onClick={() => mayClose && onClose()}>
            {cancel}
          </button>
          <button type="submit" className={`btn btn-${tone}`} aria-disabled={isPending || !isReady}>
            {isPending ? pendingAction : action}
          </button>
        </div>
      </form>
    </DialogFrame>
  );
}
