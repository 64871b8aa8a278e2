import { useQuery } from "@tanstack/react-query";
import { request } from "../../api/client";
import { DialogFrame } from "../../parts/dialog";
import { count, formatDuration } from "../../parts/format";
import { Verdict } from "../../parts/marks";
import { Problem } from "../../parts/problem";
import type { ToolServer } from "./connections";
import { TestToolServerDocument } from "./operations.generated";

/** Connects to a tool server, and shows the tools that it offers. */
export default function TestToolServer({ server, onClose }: { server: ToolServer; onClose: () => void }) {
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ["tool-server-test", server.id],
    queryFn: async ({ signal }) =>
      (await request(TestToolServerDocument, { input: { id: server.id } }, { signal })).testToolServer,
    staleTime: 0,
    gcTime: 0,
    retry: false,
    refetchOnWindowFocus: false,
  });
  return (
    <DialogFrame title={`Test “${server.name}”`} onClose={onClose} width={560}>
      <div className="flex flex-col gap-4">
        <div role="status">
          {isFetching && <Verdict tone="busy">Connecting…</Verdict>}
          {!isFetching && data?.ok && (
            <Verdict tone="allow">
              {count(data.tools.length, "tool")} after {formatDuration(data.latencyMs)}
            </Verdict>
          )}
          {!isFetching && data && !data.ok && (
            <div className="flex flex-col gap-1">
              <Verdict tone="refuse">It failed after {formatDuration(data.latencyMs)}.</Verdict>
              <p>{data.error?.message}</p>
              <code className="text-xs text-text-2">{data.error?.code}</code>
            </div>
          )}
        </div>
        <Problem error={error} />
        {data && data.tools.length > 0 && (
          <ul className="max-h-80 overflow-y-auto rounded border border-line px-3 py-2" tabIndex={0} aria-label="Tools">
            {data.tools.map(({ name, description }) => (
              <li key={name} className="py-1">
                <code>{name}</code>
                <span className="line-clamp-2 text-sm text-text-2">{description}</span>
              </li>
            ))}
          </ul>
        )}
        <div className="dialog-foot mt-0!">
          <button type="button" className="btn" onClick={() => void refetch()}>
            Test again
          </button>
          <button type="button" className="btn btn-primary" onClick={onClose}>
            Close
          </button>
        </div>
      </div>
    </DialogFrame>
  );
}
