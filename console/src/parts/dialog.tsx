import { AlertDialog } from "@base-ui/react/alert-dialog";
import { CSPProvider } from "@base-ui/react/csp-provider";
import { Dialog } from "@base-ui/react/dialog";
import { type ReactNode, type RefObject, useEffect, useRef } from "react";

interface DialogFrameProps {
  readonly title: string;
  readonly lead?: ReactNode;
  /** Called for Escape, a click outside and the Cancel button. Without it only the dialog's own buttons close it. */
  readonly onClose?: (() => void) | undefined;
  readonly width?: number;
  /** The element, or a function that finds it; true is the first one that takes the focus. */
  readonly initialFocus?: RefObject<HTMLElement | null> | ((openType: string) => HTMLElement | true);
  readonly children: ReactNode;
}

/** Gives the focus back to what had it, or to the title of the screen if that is gone. */
function useReturnedFocus(): void {
  const opener = useRef(document.activeElement);
  useEffect(() => {
    const element = opener.current;
    return () => {
      setTimeout(() => {
        if (document.querySelector("[role=dialog],[role=alertdialog]")) return;
        const target = element?.isConnected && element !== document.body ? element : document.querySelector("main h1");
        if (target instanceof HTMLElement) target.focus();
      });
    };
  }, []);
}

/**
 * A modal dialog. It is loaded when it is needed: import the module of a dialog lazily, never this file from a screen.
 */
export function DialogFrame({ title, lead, onClose, width = 520, initialFocus, children }: DialogFrameProps) {
  useReturnedFocus();
  const Parts = onClose ? Dialog : AlertDialog;
  const container = document.querySelector("main");
  return (
    <CSPProvider disableStyleElements>
      <Parts.Root open onOpenChange={(isOpen: boolean) => !isOpen && onClose?.()}>
        <Parts.Portal container={container}>
          <Parts.Backdrop className="backdrop" />
          <Parts.Popup
            className="dialog"
            style={{ "--dialog-width": `${String(width)}px` } as React.CSSProperties}
            finalFocus={false}
            {...(initialFocus ? { initialFocus } : {})}
          >
            <Parts.Title className="dialog-title">{title}</Parts.Title>
            {lead && (
              <Parts.Description className="mt-1 text-text-2" render={<div />}>
                {lead}
              </Parts.Description>
            )}
            <div className="mt-4">{children}</div>
          </Parts.Popup>
        </Parts.Portal>
      </Parts.Root>
    </CSPProvider>
  );
}
