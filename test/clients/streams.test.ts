import { createClient as createSseClient } from "graphql-sse";
import { createClient as createWsClient } from "graphql-ws";
import { WebSocket } from "ws";
import { execute } from "../support/runs";
import { useServer } from "../support/server";
import type { KeyHolder } from "../support/test-app";

const server = useServer();
let key: KeyHolder;
let runId: string;
beforeAll(async () => {
  const app = await server.current.newApp();
  key = await app.key();
  runId = (await execute(key, { agentId: await app.agent(), text: "Hello" })).run.id;
});

const query = `subscription ($runId: ID!) { runEvents(runId: $runId) { __typename index } }`;

async function typesOf(results: AsyncIterable<unknown>): Promise<string[]> {
  const types: string[] = [];
  for await (const result of results) types.push((result as any).data.runEvents.__typename as string);
  return types;
}

test("graphql-ws subscribes, and several operations share its connection", async () => {
  let connections = 0;
  const client = createWsClient({
    url: key.url.replace("http", "ws"),
    webSocketImpl: WebSocket,
    connectionParams: { "x-api-key": key.secret },
    on: { connected: () => void (connections += 1) },
  });
  const [one, other] = await Promise.all([
    typesOf(client.iterate({ query, variables: { runId } })),
    typesOf(client.iterate({ query, variables: { runId } })),
  ]);
  expect([one.at(0), one.at(-1), connections]).toEqual(["RunStarted", "RunFinished", 1]);
  expect(other).toEqual(one);
  await client.dispose();
});

test("graphql-sse subscribes over distinct connections", async () => {
  const client = createSseClient({ url: `${key.url}/stream`, headers: { "x-api-key": key.secret } });
  const types = await typesOf(client.iterate({ query, variables: { runId } }));
  expect([types.at(0), types.at(-1)]).toEqual(["RunStarted", "RunFinished"]);
  client.dispose();
});

test("graphql-sse subscribes several times over a single connection", async () => {
  const methods: string[] = [];
  const client = createSseClient({
    url: `${key.url}/stream`,
    headers: { "x-api-key": key.secret },
    singleConnection: true,
    retryAttempts: 0,
    fetchFn: (input: string, init: RequestInit) => {
      methods.push(init.method ?? "GET");
      return fetch(input, init);
    },
  });
  const subscribe = () => typesOf(client.iterate({ query, variables: { runId } }));
  const all = await Promise.all([subscribe(), subscribe(), subscribe()]);
  for (const types of all) expect([types.at(0), types.at(-1)]).toEqual(["RunStarted", "RunFinished"]);
  expect(methods.filter((each) => each === "GET")).toHaveLength(1);
  client.dispose();
});

test("events pass a proxy that buffers, such as nginx by default, as they come", async () => {
  const { headers } = await fetch(`${key.url}/stream`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream", "x-api-key": key.secret },
    body: JSON.stringify({ query, variables: { runId } }),
  });
  expect([headers.get("content-type"), headers.get("x-accel-buffering")]).toEqual([
    "text/event-stream; charset=utf-8",
    "no",
  ]);
});
