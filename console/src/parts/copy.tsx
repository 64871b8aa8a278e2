import { type Ref, useEffect, useRef, useState } from "react";

/**
 * Copies a text, on plain http too, which has no clipboard: by selecting it in a field within `host`, as a dialog keeps
 * the focus in itself.
 *
 * @returns whether it was copied
 */
export async function copyText(text: string, host: Element): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    field.readOnly = true;
    field.style.position = "fixed";
    field.style.opacity = "0";
    const focused = document.activeElement;
    host.append(field);
    field.select();
    let isCopied = false;
    try {
      // Deprecated, and all there is on plain http.
      // eslint-disable-next-line @typescript-eslint/no-deprecated
      isCopied = document.execCommand("copy");
    } catch {
      // The browser allows no copying at all.
    }
    field.remove();
    if (focused instanceof HTMLElement) focused.focus();
    return isCopied;
  }
}

interface CopyProps {
  readonly text: string;
  readonly label?: string;
  /** Names what the button copies, if several buttons are near. */
  readonly what?: string;
  readonly className?: string;
  readonly ref?: Ref<HTMLButtonElement>;
  readonly onCopied?: () => void;
}

/** A button that copies a text and says so only once it is true. */
export function CopyButton({ text, label = "Copy", what, className = "btn btn-small", ref, onCopied }: CopyProps) {
  const [state, setState] = useState<"idle" | "copied" | "failed">("idle");
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async (button: HTMLButtonElement) => {
    const isCopied = await copyText(text, button.closest("[role=dialog],[role=alertdialog]") ?? document.body);
    setState(isCopied ? "copied" : "failed");
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setState("idle"), 3_000);
    if (isCopied) onCopied?.();
  };
  const said = { idle: label, copied: "Copied", failed: "Select it and copy by hand" }[state];
  return (
    <button
      ref={ref}
      type="button"
      className={className}
      aria-label={state === "idle" && what ? `${label} ${what}` : undefined}
      onClick={({ currentTarget }) => void copy(currentTarget)}
    >
      <span aria-live="polite">{said}</span>
    </button>
  );
}
