import type { TestApp } from "./test-app";

/** The events of a run, of which `heldRun` has five. */
export const runEvents = `subscription ($runId: ID!, $after: Int) {
  runEvents(runId: $runId, after: $after) {
    __typename index runId ... on RunOutput { text } ... on RunFinished { run { status output } }
  }
}`;

/** A run of the model `test:model` that goes on, with three events, until that is released. */
export async function pausedRun(app: TestApp, text = "one hold two"): Promise<string> {
  const { id } = await app.run({ agentId: await app.agent({ model: "test:model" }), text, waitMs: 0 });
  return id;
}
