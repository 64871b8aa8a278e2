import type { Database } from "../../platform/database/database";
import { Run } from "./run.entity";

/** A payload has no more, in characters. */
const longest = 1_000_000;

/** What is posted of a run that has finished; undefined where it is gone. */
export async function callbackPayloadOf(db: Database, runId: string): Promise<string | undefined> {
  const run = await db.read.findOneBy(Run, { id: runId });
  if (!run) return undefined;
  const payload = payloadOf(run, []);
  return payload.length <= longest ? payload : payloadOf({ ...run, output: null, citations: [] }, large);
}

const large = ["output", "citations"] as const;

/** @param omitted what of the run is left out, since it is too large to be posted */
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
