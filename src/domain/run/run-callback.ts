import type { Database } from "../../platform/database/database";
import { Run } from "./run.entity";

const maxPayloadChars = 1_000_000;

/** @returns the body of the callback of a finished run, or undefined if the run was deleted */
export async function callbackPayloadOf(db: Database, runId: string): Promise<string | undefined> {
  const run = await db.read.findOneBy(Run, { id: runId });
  if (!run) return undefined;
  const payload = payloadOf(run, []);
  return payload.length <= maxPayloadChars ? payload : payloadOf({ ...run, output: null, citations: [] }, largeFields);
}

const largeFields = ["output", "citations"] as const;

/** @param omitted the fields that are left out because they are too large */
function payloadOf(run: Run, omitted: readonly (keyof Run)[]): string {
  const { id, status, output, error, usage, agentId, sessionId, createdAt, startedAt, finishedAt } = run;
  const citations = run.citations.map(({ document, quote, page }) => ({
    document: { id: document.id, filename: document.filename, mimeType: document.mimeType, size: document.size },
    quote,
    page,
  }));
  const times = { createdAt, startedAt, finishedAt };
  return JSON.stringify({
    type: "run.finished",
    timestamp: finishedAt,
    data: { run: { id, status, output, error, citations, usage, agentId, sessionId, ...times }, omitted },
  });
}
