import { setTimeout as delay } from "node:timers/promises";
import { createClient as createSseClient } from "graphql-sse";
import { createClient as createWsClient } from "graphql-ws";
import { WebSocket } from "ws";
import type { GraphQLAnswer } from "../../support/client";
import { pausedRun, runEvents as query } from "../../support/paused-run";
import { FaultProxy } from "../../support/proxy";
import { eventually } from "../../support/runs";
import { useServer } from "../../support/server";
import { RawSocket, Reader } from "../../support/streams";
import type { KeyHolder } from "../../support/test-app";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const server = useServer({}, { "test:model": model });
afterEach(async () => {
  await proxy.mend();
  await model.releaseAll();
});

let proxy: FaultProxy;
beforeAll(async () => {
  proxy = await FaultProxy.start({ host: "127.0.0.1", port: Number(new URL(server.current.url).port) });
});
afterAll(() => proxy.stop());

/** The index of the last event that the reader has had. */
const lastOf = (reader: Reader | undefined): number | undefined => reader?.indexes.at(-1);

/** Clients that reconnect by themselves, each with the position where its documentation says to put it. */
const clients: Record<string, (key: KeyHolder, runId: string) => Reader> = {
  "graphql-ws, with `after` in the payload of connection_init"({ secret }, runId) {
    const client = createWsClient({
      url: `ws://127.0.0.1:${proxy.port}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: () => {
        const last = lastOf(reader);
        return { "x-api-key": secret, after: last === undefined ? {} : { [runId]: last } };
      },
      // By default it does not retry if the server can't be reached.
      shouldRetry: () => true,
      retryAttempts: 20,
      retryWait: () => delay(50),
    });
    const reader: Reader = new Reader(client.iterate({ query, variables: { runId } }));
    return reader;
  },

  "graphql-ws, with `after` in the extensions of the request"({ secret }, runId) {
    const client = createWsClient({
      url: `ws://127.0.0.1:${proxy.port}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { "x-api-key": secret },
      // By default it does not retry if the server can't be reached.
      shouldRetry: () => true,
      retryAttempts: 20,
      retryWait: () => delay(50),
    });
    const extensions = {
      get after() {
        return lastOf(reader);
      },
    };
    const reader: Reader = new Reader(client.iterate({ query, variables: { runId }, extensions }));
    return reader;
  },

  "graphql-sse, with the header Last-Event-ID"({ secret }, runId) {
    const client = createSseClient({
      url: `http://127.0.0.1:${proxy.port}/graphql/stream`,
      headers: async () => {
        // The client asks for the headers before it returns what the reader is made of.
        await Promise.resolve();
        const last = lastOf(reader);
        return { "x-api-key": secret, ...(last !== undefined && { "last-event-id": String(last) }) };
      },
      retryAttempts: 20,
      retry: () => delay(50),
    });
    const reader: Reader = new Reader(client.iterate({ query, variables: { runId } }));
    return reader;
  },
};

test.each(Object.keys(clients))(
  "%s goes on across severed connections without a repeated or a missing word",
  async (name) => {
    const app = await server.current.newApp();
    const runId = await pausedRun(app, "one hold two hold three");
    const reader = clients[name]?.(await app.key({ runtime: ["RUN"] }), runId) as Reader;

    for (const count of [3, 5]) {
      await reader.until(count);
      await proxy.cut();
      model.release();
      // The run goes on while nobody is connected.
      await delay(100);
      await proxy.mend();
    }
    await reader.all();
    expect(reader.indexes).toEqual([0, 1, 2, 3, 4, 5, 6]);
    const text = reader.results.map(({ data }) => (data.runEvents.text as string | undefined) ?? "").join("");
    expect(text).toBe("one hold two hold three ");
  },
);

/** The indexes of a finished run that arrive over a WebSocket. */
async function overWebSocket(
  key: KeyHolder,
  runId: string,
  { init = {}, extensions = {}, after = undefined as unknown },
) {
  const socket = new RawSocket(server.current.url);
  await socket.say({ type: "connection_init", payload: { "x-api-key": key.secret, ...init } });
  await socket.until(1);
  await socket.say({ type: "subscribe", id: "1", payload: { query, variables: { runId, after }, extensions } });
  await eventually(() => socket.heard.some(({ type }) => type === "complete" || type === "error"));
  socket.terminate();
  return socket.heard.flatMap(({ type, payload }) =>
    type === "next" ? [payload.data.runEvents.index as number] : type === "error" ? [payload[0].extensions.code] : [],
  );
}

async function finishedRun(): Promise<{ key: KeyHolder; runId: string }> {
  const app = await server.current.newApp();
  const { id: runId } = await app.run({ agentId: await app.agent({ model: "test:model" }), text: "one two" });
  return { key: await app.key({ runtime: ["RUN"] }), runId };
}

test("of several positions the latest counts, and a position of another run does not", async () => {
  const { key, runId } = await finishedRun();
  expect(await overWebSocket(key, runId, {})).toEqual([0, 1, 2, 3]);
  expect(await overWebSocket(key, runId, { init: { after: { [runId]: 1, other: 9 } } })).toEqual([2, 3]);
  expect(await overWebSocket(key, runId, { init: { after: { other: 1 } } })).toEqual([0, 1, 2, 3]);
  expect(await overWebSocket(key, runId, { init: { after: { [runId]: 0 } }, extensions: { after: 2 } })).toEqual([3]);
  expect(await overWebSocket(key, runId, { after: 1, extensions: { after: { [runId]: 0 } } })).toEqual([2, 3]);
  expect(await overWebSocket(key, runId, { extensions: { after: null } })).toEqual([0, 1, 2, 3]);
  expect(await overWebSocket(key, runId, { extensions: { after: 3 } })).toEqual([]);
});

test("a position that can't be read is refused, not ignored", async () => {
  const { key, runId } = await finishedRun();
  for (const after of [-1, 1.5, "1", [1], { [runId]: "1" }, { [runId]: -1 }]) {
    expect([after, await overWebSocket(key, runId, { extensions: { after } })]).toEqual([after, ["BAD_USER_INPUT"]]);
    const socket = new RawSocket(server.current.url);
    await socket.say({ type: "connection_init", payload: { "x-api-key": key.secret, after } });
    expect([after, (await socket.closed).code]).toEqual([after, 4400]);
  }
  for (const id of ["-1", "x", "1.5", "99999999999"]) {
    const { status, text } = await overSse(key, { runId }, { "last-event-id": id });
    expect([id, status]).toEqual([id, 400]);
    expect((JSON.parse(text) as GraphQLAnswer).errors?.[0]?.extensions).toMatchObject({
      code: "BAD_USER_INPUT",
      fields: [{ field: "Last-Event-ID" }],
    });
  }
});

async function overSse(key: KeyHolder, variables: object, headers: Record<string, string> = {}, init: object = {}) {
  const response = await fetch(`${key.url}/stream`, {
    method: "POST",
    headers: { "x-api-key": key.secret, accept: "text/event-stream", "content-type": "application/json", ...headers },
    body: JSON.stringify({ query, variables, ...init }),
  });
  return { status: response.status, text: await response.text() };
}

test("server-sent events have the index of their event as id, with which EventSource reconnects", async () => {
  const { key, runId } = await finishedRun();
  const idsIn = ({ text }: { text: string }) => text.match(/^id: .*$/gm);
  const all = await overSse(key, { runId });
  expect(all.text).toMatch(/\n\nid: 0\nevent: next\ndata: \{/);
  expect(idsIn(all)).toEqual(["id: 0", "id: 1", "id: 2", "id: 3"]);
  expect(idsIn(await overSse(key, { runId }, { "last-event-id": "1" }))).toEqual(["id: 2", "id: 3"]);
  expect(idsIn(await overSse(key, { runId }, {}, { extensions: { after: 2 } }))).toEqual(["id: 3"]);

  const parameters = new URLSearchParams({ query, variables: JSON.stringify({ runId }) });
  const response = await fetch(`${key.url}/stream?${parameters.toString()}`, {
    headers: { "x-api-key": key.secret, accept: "text/event-stream", "last-event-id": "2" },
  });
  expect(idsIn({ text: await response.text() })).toEqual(["id: 3"]);

  const other = await fetch(`${key.url}/stream`, {
    method: "POST",
    headers: { "x-api-key": key.secret, accept: "text/event-stream", "content-type": "application/json" },
    body: JSON.stringify({ query: "{ viewer { kind } }" }),
  });
  expect(idsIn({ text: await other.text() })).toBeNull();
});

test("events have their ids although the operation does not ask for the index", async () => {
  const { key, runId } = await finishedRun();
  const aliased = `subscription ($runId: ID!) { mine: runEvents(runId: $runId) { __typename } }`;
  const { text } = await overSse(key, { runId }, {}, { query: aliased });
  expect(text.match(/^id: .*$/gm)).toEqual(["id: 0", "id: 1", "id: 2", "id: 3"]);
});
