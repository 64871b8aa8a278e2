import { useRef, useState } from "react";
import { Verdict } from "../../parts/marks";
import { Name } from "../../parts/text";
import type { UploadState } from "./use-conversation";

interface ComposerProps {
  readonly isBusy: boolean;
  readonly uploads: readonly UploadState[];
  readonly onAsk: (question: string) => void;
  readonly onAttach: (file: File) => void;
}

/** The form in which a question is typed, and files are dropped. */
export function Composer({ isBusy, uploads, onAsk, onAttach }: ComposerProps) {
  const [text, setText] = useState("");
  const [isOver, setIsOver] = useState(false);
  const picker = useRef<HTMLInputElement>(null);
  const ask = () => {
    if (isBusy || text.trim() === "") return;
    onAsk(text.trim());
    setText("");
  };
  const attachAll = (files: FileList | null) => {
    for (const file of files ?? []) onAttach(file);
  };
  return (
    <form
      className={`card sticky bottom-4 flex flex-col gap-2 p-3 shadow-popup ${isOver ? "border-accent!" : ""}`}
      onSubmit={(event) => {
        event.preventDefault();
        ask();
      }}
      onDragOver={(event) => {
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setIsOver(false);
        attachAll(event.dataTransfer.files);
      }}
    >
      {uploads.length > 0 && (
        <ul className="flex flex-wrap gap-x-4 gap-y-1 text-sm" aria-label="Documents" aria-live="polite">
          {uploads.map((upload) => (
            <li key={upload.id}>
              <UploadView upload={upload} />
            </li>
          ))}
        </ul>
      )}
      <textarea
        className="input"
        rows={2}
        dir="auto"
        aria-label="Message"
        placeholder="Ask something. Enter sends, Shift+Enter breaks the line."
        value={text}
        onChange={({ target }) => setText(target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
          event.preventDefault();
          ask();
        }}
      />
      <div className="flex flex-wrap items-center justify-between gap-2">
        <span className="flex items-center gap-3">
          <input
            ref={picker}
            type="file"
            multiple
            className="sr-only"
            tabIndex={-1}
            aria-label="Documents to upload"
            onChange={({ target }) => {
              attachAll(target.files);
              target.value = "";
            }}
          />
          <button type="button" className="btn btn-small" onClick={() => picker.current?.click()}>
            Upload a document
          </button>
          <span className="text-sm text-text-3 max-md:hidden">or drop it here</span>
        </span>
        <button type="submit" className="btn btn-primary" aria-disabled={isBusy}>
          {isBusy ? "Answering…" : "Send"}
        </button>
      </div>
    </form>
  );
}

function UploadView({ upload: { filename, state, progress, error } }: { upload: UploadState }) {
  if (state === "failed")
    return (
      <Verdict tone="refuse">
        <Name max={28}>{filename}</Name>{" "}
        <span className="text-refuse">{error instanceof Error ? error.message : "failed"}</span>
      </Verdict>
    );
  if (state === "stored")
    return (
      <Verdict tone="allow">
        <Name max={28}>{filename}</Name>
      </Verdict>
    );
  return (
    <span className="inline-flex items-center gap-2">
      <Name max={28}>{filename}</Name>
      <progress className="h-1 w-24 accent-accent-fill" value={progress} aria-label={`Upload of ${filename}`} />
    </span>
  );
}
