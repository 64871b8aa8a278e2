import { ApiError } from "../api/errors";
import { CopyButton } from "./copy";

/** An error as people need it: what happened and what to do, the code, and the id of the request to copy. */
export function Problem({ error, retry }: { error: unknown; retry?: (() => void) | undefined }) {
  if (error === null || error === undefined) return null;
  const message = error instanceof Error ? error.message : "Something failed.";
  const details = error instanceof ApiError ? error : undefined;
  return (
    <div role="alert" className="note note-refuse">
      <p>{message}</p>
      {(details ?? retry) && (
        <div className="mt-1 flex flex-wrap items-center gap-x-3 gap-y-1">
          {details && <code className="text-xs text-refuse">{details.code}</code>}
          {details?.requestId && (
            <span className="flex items-center gap-2 text-xs text-text-2">
              Request <code className="text-xs">{details.requestId}</code>
              <CopyButton text={details.requestId} what="the request's id" className="link text-xs" />
            </span>
          )}
          {retry && (
            <button type="button" className="btn btn-small" onClick={retry}>
              Try again
            </button>
          )}
        </div>
      )}
    </div>
  );
}
