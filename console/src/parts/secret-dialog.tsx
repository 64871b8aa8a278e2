import { useBlocker } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { CopyButton } from "./copy";
import { DialogFrame } from "./dialog";
import { Check } from "./fields";

interface SecretDialogProps {
  readonly title: string;
  readonly secret: string;
  readonly note?: string | undefined;
  /** The file that is downloaded. */
  readonly file: { readonly name: string; readonly text: string };
  /** The actions that use the secret right away. */
  readonly children?: ReactNode;
  readonly onClose: () => void;
}

/**
 * Shows a secret, which no answer will have again. Nothing but its own button closes it, and that one only once the
 * secret was copied, downloaded or confirmed as stored.
 */
export function SecretDialog({ title, secret, note, file, children, onClose }: SecretDialogProps) {
  const copyButton = useRef<HTMLButtonElement>(null);
  const [isKept, setIsKept] = useState(false);
  const [hint, setHint] = useState(false);
  const [download, setDownload] = useState("");
  useBlocker({ shouldBlockFn: () => true, enableBeforeUnload: false });
  useEffect(() => {
    if (isKept) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [isKept]);
  return (
    <DialogFrame
      title={title}
      lead={note ?? "Store it now. It is shown this once: the server keeps only its digest."}
      width={640}
      initialFocus={copyButton}
    >
      <div className="flex flex-col gap-4">
        <div className="flex flex-wrap items-center gap-3 rounded border border-line-2 bg-canvas p-3">
          <code className="min-w-0 flex-1 basis-64 text-lg! break-all select-all" data-testid="secret">
            {secret}
          </code>
          <div className="flex gap-2">
            <CopyButton
              ref={copyButton}
              text={secret}
              className="btn btn-primary"
              what="the secret"
              onCopied={() => setIsKept(true)}
            />
            <a
              className="btn"
              download={file.name}
              href={`data:text/plain;charset=utf-8,${encodeURIComponent(file.text)}`}
              onClick={() => {
                setDownload("Download started");
                setIsKept(true);
              }}
            >
              <span aria-live="polite">{download || "Download .env"}</span>
            </a>
          </div>
        </div>
        {children}
        <Check label="I have stored it" checked={isKept} onChange={({ target }) => setIsKept(target.checked)} />
        <div className="dialog-foot mt-0! items-center">
          {hint && !isKept && (
            <span role="alert" className="text-sm text-refuse">
              Copy it, download it, or tick that you have stored it.
            </span>
          )}
          <button
            type="button"
            className="btn btn-primary"
            aria-disabled={!isKept}
            onClick={() => (isKept ? onClose() : setHint(true))}
          >
            Done
          </button>
        </div>
      </div>
    </DialogFrame>
  );
}
