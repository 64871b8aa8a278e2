// Prints the output of a run, over a WebSocket: KEY=latchkey_... node examples/follow-run-websocket.mjs RUN_ID
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const { KEY, LATCHKEY_URL = "http://127.0.0.1:4000" } = process.env;
const [runId] = process.argv.slice(2);
const query = `subscription ($runId: ID!) { runEvents(runId: $runId) { index ... on RunOutput { text } } }`;

/** The index of the last event, by run. */
const had = {};
const client = createClient({
  url: `${LATCHKEY_URL.replace("http", "ws")}/graphql`,
  webSocketImpl: WebSocket,
  // Asked for whenever the client connects: after a lost connection, the stream goes on behind the last event.
  connectionParams: () => ({ "x-api-key": KEY, after: had }),
  retryAttempts: Infinity,
  shouldRetry: () => true,
});
for await (const { data, errors } of client.iterate({ query, variables: { runId } })) {
  if (errors) throw new Error(errors[0].message);
  process.stdout.write(data.runEvents.text ?? "");
  had[runId] = data.runEvents.index;
}
await client.dispose();
console.log();
