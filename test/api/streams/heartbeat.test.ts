import { once } from "node:events";
import { request } from "node:http";
import { stalledReaders, longRun, LoudModel } from "../../support/stalled-reader";
import { finishRuns } from "../../support/runs";
import { adminKey, useServer } from "../../support/server";
import { RawSocket } from "../../support/streams";
import { TestModel } from "../../support/test-model";
import { fastTimings } from "../../support/timings";

const model = new TestModel();
const server = useServer({}, { "test:model": model, "test:loud": new LoudModel() }, undefined, fastTimings);
afterEach(() => finishRuns(server.current, model));

const admin = { authorization: `Bearer ${adminKey}` };
const query = `subscription ($runId: ID!) { runEvents(runId: $runId) { index ... on RunOutput { text } } }`;

async function startPausedRun(text = "hold"): Promise<string> {
  const app = await server.current.newApp();
  return (await app.run({ agentId: await app.agent({ model: "test:model" }), text, waitMs: 0 })).id;
}

/** Opens a WebSocket and subscribes to the events of a run. */
async function socketOf(runId: string, answersPings = true): Promise<RawSocket> {
  const socket = new RawSocket(server.current.url, admin, ["graphql-transport-ws"], { autoPong: answersPings });
  await socket.say({ type: "connection_init" });
  await socket.until(1);
  await socket.say({ type: "subscribe", id: "1", payload: { query, variables: { runId } } });
  return socket;
}

test("a reader of events gets a heartbeat every 15 s, and its stream stays open", async () => {
  const runId = await startPausedRun();
  const socket = await socketOf(runId);
  let pings = 0;
  socket.on("ping", () => pings++);

  let text = "";
  const sseRequest = request(`${server.current.url}/stream`, {
    method: "POST",
    headers: { ...admin, accept: "text/event-stream", "content-type": "application/json" },
  });
  const ended = new Promise<void>((resolve) => {
    sseRequest.on("response", (response) => {
      response.on("data", (chunk: Buffer) => (text += chunk.toString())).on("end", resolve);
    });
  });
  sseRequest.end(JSON.stringify({ query, variables: { runId } }));
  while (pings < 5 || text.split(":\n\n").length < 6) await new Promise((resolve) => setTimeout(resolve, 20));

  model.release();
  await ended;
  await socket.until(5);
  expect(text.match(/^data: .*$/gm)).toHaveLength(3);
  expect(socket.heard.map(({ type }) => type)).toEqual(["connection_ack", "next", "next", "next", "complete"]);
  socket.terminate();
});

test("a WebSocket client that does not answer a ping by the next one is disconnected", async () => {
  const socket = await socketOf(await startPausedRun(), false);
  expect((await socket.closed).code).toBe(1006);
});

test.each(Object.keys(stalledReaders) as (keyof typeof stalledReaders)[])(
  "a client (%s) that reads nothing between two heartbeats is disconnected",
  async (transport) => {
    const runId = await longRun(server.current);
    const { client, connection } = await stalledReaders[transport](server.current, runId);
    if (!connection.destroyed) await once(connection, "close");
    client.destroy();
  },
  90_000,
);
