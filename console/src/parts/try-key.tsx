import { useState } from "react";
import { apiUrl } from "../api/place";
import { PermissionMarks, Verdict } from "./marks";
import type { AgentLevel, RuntimeName } from "./permissions";
import { useAction } from "./use-action";

interface ViewerAnswer {
  readonly data?: {
    readonly viewer: { readonly name: string; readonly permissions: { agents: AgentLevel; runtime: RuntimeName[] } };
  };
  readonly errors?: readonly { readonly message: string }[];
}

/** Sends one call with the key itself, by the way that its owner will use, and shows who the server says it is. */
export function TryKey({ secret }: { secret: string }) {
  const [answer, setAnswer] = useState<ViewerAnswer | null>(null);
  const { run, isPending, error } = useAction(async () => {
    const response = await fetch(apiUrl, {
      method: "POST",
      credentials: "omit",
      headers: { "x-api-key": secret, "content-type": "application/json" },
      body: JSON.stringify({ query: "{ viewer { name permissions { agents runtime } } }" }),
    });
    setAnswer((await response.json()) as ViewerAnswer);
  });
  const viewer = answer?.data?.viewer;
  const refusal = answer?.errors?.[0]?.message ?? (error ? "The server can't be reached." : undefined);
  return (
    <div className="flex min-h-8 flex-wrap items-center gap-x-4 gap-y-2">
      <button type="button" className="btn" aria-disabled={isPending} onClick={() => void run()}>
        Try the key
      </button>
      <span role="status" className="flex min-w-0 flex-wrap items-center gap-x-4 gap-y-1">
        {viewer && (
          <>
            <Verdict tone="allow">
              Works, as <bdi>{viewer.name}</bdi>
            </Verdict>
            <PermissionMarks {...viewer.permissions} />
          </>
        )}
        {!viewer && refusal && <Verdict tone="refuse">{refusal}</Verdict>}
      </span>
    </div>
  );
}
