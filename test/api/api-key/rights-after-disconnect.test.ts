import { setTimeout as delay } from "node:timers/promises";
import { revocations } from "../../support/revocations";
import { eventually } from "../../support/runs";
import { useServer } from "../../support/server";
import { RawSocket } from "../../support/streams";
import type { KeyHolder } from "../../support/test-app";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const server = useServer({}, { "test:model": model });
afterEach(() => model.releaseAll());

const executeAndRename = `mutation ($agent: ID!, $other: ID!) {
  executeAgent(input: { agentId: $agent, text: "one hold", waitMs: 60000 }) { run { output } }
  updateAgent(input: { id: $other, name: "renamed" }) { agent { name } }
}`;

type Variables = Readonly<Record<string, string>>;

/** Sends a mutation. @returns breaks its connection */
type Send = (key: KeyHolder, variables: Variables) => () => void;

function post(key: KeyHolder, path: string, accept: string, variables: Variables): () => void {
  const abort = new AbortController();
  void fetch(key.url + path, {
    method: "POST",
    headers: { "x-api-key": key.secret, "content-type": "application/json", accept },
    body: JSON.stringify({ query: executeAndRename, variables }),
    signal: abort.signal,
  }).catch(() => undefined);
  return () => abort.abort();
}

const ways: [transport: string, send: Send][] = [
  ["HTTP", (key, variables) => post(key, "", "application/json", variables)],
  ["server-sent events", (key, variables) => post(key, "/stream", "text/event-stream", variables)],
  [
    "WebSocket",
    (key, variables) => {
      const socket = new RawSocket(key.url);
      const payload = { query: executeAndRename, variables };
      void socket
        .say({ type: "connection_init", payload: { "x-api-key": key.secret } })
        .then(() => eventually(() => socket.heard.length > 0))
        .then(() => socket.say({ id: "1", type: "subscribe", payload }));
      return () => socket.terminate();
    },
  ],
];

const nameOf = async (id: string): Promise<unknown> =>
  (await server.current.admin.data(`query ($id: ID!) { agent(id: $id) { name } }`, { id })).agent?.name;

describe.each(ways)("a mutation by %s whose client has gone", (_transport, send) => {
  async function abandonedMutation() {
    const app = await server.current.newApp();
    const [agent, other] = [await app.agent({ model: "test:model" }), await app.agent({ name: "other" })];
    const key = await app.key();
    const leave = send(key, { agent, other });
    await eventually(() => model.holding === 1);
    leave();
    // The server notices it a little later.
    await delay(200);
    return { app, key, other };
  }

  test.each(revocations("SESSION_VIEW"))("executes no further field when %s", async (_name, takeAccess) => {
    const { app, key, other } = await abandonedMutation();
    await takeAccess(server.current.admin, key, app);
    model.release();
    await delay(500);
    expect(await nameOf(other)).not.toBe("renamed");
  });

  test("executes all of its fields if it keeps its rights", async () => {
    const { other } = await abandonedMutation();
    model.release();
    await eventually(async () => (await nameOf(other)) === "renamed");
  });
});
