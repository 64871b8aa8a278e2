import type { TestApp } from "./test-app";

/** Subscribes to the events of a run; `pausedRun` has five once it is finished. */
export const runEvents = `subscription ($runId: ID!, $after: Int) {
  runEvents(runId: $runId, after: $after) {
    __typename index runId ... on RunOutput { text } ... on RunFinished { run { status output } }
  }
}`;

/** Starts a run of the model `test:model` that pauses after three events until the model is released. */
export async function pausedRun(app: TestApp, text = "one hold two"): Promise<string> {
  const { id } = await app.run({ agentId: await app.agent({ model: "test:model" }), text, waitMs: 0 });
  return id;
}
