import { type ReactNode, useState } from "react";
import { TextField } from "./fields";
import { FormDialog } from "./form-dialog";
import { useAction } from "./use-action";

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
  const [hint, setHint] = useState<string>();
  const { run, isPending, error } = useAction(async () => {
    if (typeName !== undefined && typed.trim() !== typeName.trim()) {
      setHint("This is not the name.");
      return;
    }
    await onConfirm();
    onClose();
  });
  return (
    <FormDialog
      title={title}
      onClose={onClose}
      width={460}
      onSubmit={run}
      action={action}
      pendingAction={pendingAction}
      tone={tone}
      isPending={isPending}
      error={error}
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
    </FormDialog>
  );
}
