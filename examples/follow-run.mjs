// Executes an agent and prints its answer while it comes: KEY=latchkey_... node examples/follow-run.mjs AGENT_ID QUESTION
import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "graphql-sse";

const { KEY, LATCHKEY_URL = "http://127.0.0.1:4000" } = process.env;
const [agentId, text] = process.argv.slice(2);
const headers = { "x-api-key": KEY };

const response = await fetch(`${LATCHKEY_URL}/graphql`, {
  method: "POST",
  headers: { ...headers, "content-type": "application/json" },
  body: JSON.stringify({
    query: "mutation ($input: ExecuteAgentInput!) { executeAgent(input: $input) { run { id } } }",
    // With 0, the answer comes as soon as the run is accepted.
    variables: { input: { agentId, text, waitMs: 0 } },
  }),
});
const { data, errors } = await response.json();
if (errors) throw new Error(errors[0].message);

const query = `subscription ($runId: ID!) {
  runEvents(runId: $runId) {
    __typename
    index
    ... on RunOutput { text }
    ... on RunFinished { run { status error { code message } } }
  }
}`;
let last;
const client = createClient({
  url: `${LATCHKEY_URL}/graphql/stream`,
  // Asked for whenever the client connects: after a lost connection, the stream goes on behind the last event.
  headers: () => ({ ...headers, ...(last !== undefined && { "last-event-id": `${last}` }) }),
  retryAttempts: Infinity,
  retry: () => delay(1_000),
});
let run;
for await (const result of client.iterate({ query, variables: { runId: data.executeAgent.run.id } })) {
  if (result.errors) throw new Error(result.errors[0].message);
  const event = result.data.runEvents;
  if (event.__typename === "RunStarted" && last !== undefined) console.log("\n(started again)");
  if (event.__typename === "RunOutput") process.stdout.write(event.text);
  if (event.__typename === "RunFinished") run = event.run;
  last = event.index;
}
console.log(`\n${run.status}${run.error ? `: ${run.error.message}` : ""}`);
