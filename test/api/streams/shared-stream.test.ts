import { RunStarted, type StoredRunEvent } from "../../../src/domain/run/run-event.entity";
import { RunEvents } from "../../../src/domain/run/run-events";
import { eventually, execute, finishRuns } from "../../support/runs";
import { useServer } from "../../support/server";
import { TestModel } from "../../support/test-model";
import type { KeyHolder, TestApp } from "../../support/test-app";

const model = new TestModel();
const server = useServer({}, { "test:model": model });
afterEach(async () => {
  jest.restoreAllMocks();
  await finishRuns(server.current, model);
});
const tokenHeader = "x-graphql-event-stream-token";

let app: TestApp;
let key: KeyHolder;
let runId: string;
beforeEach(async () => {
  app = await server.current.newApp();
  key = await app.key();
  ({ id: runId } = await app.run({ agentId: await app.agent() }));
});

const query = `subscription ($runId: ID!) { runEvents(runId: $runId) { __typename } }`;

interface Answer {
  readonly status: number;
  readonly body: any;
}

async function send(
  method: string,
  { secret }: KeyHolder,
  token?: string,
  body?: unknown,
  search = "",
): Promise<Answer> {
  const response = await fetch(`${server.current.url}/stream${search}`, {
    method,
    headers: {
      "x-api-key": secret,
      ...(token !== undefined && { [tokenHeader]: token }),
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text.startsWith("{") ? JSON.parse(text) : text };
}

const reserve = async (holder = key): Promise<string> => {
  const { status, body } = await send("PUT", holder);
  expect(status).toBe(201);
  return body;
};

/** Opens a stream. What it has sent so far is in `text`. */
async function open(token: string, { secret }: KeyHolder) {
  const aborter = new AbortController();
  const response = await fetch(`${server.current.url}/stream`, {
    headers: { "x-api-key": secret, accept: "text/event-stream", [tokenHeader]: token },
    signal: aborter.signal,
  });
  const opened = { status: response.status, text: "", isOver: false, close: () => aborter.abort() };
  const read = async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>)
      opened.text += decoder.decode(chunk, { stream: true });
  };
  void read()
    .catch(() => undefined)
    .finally(() => (opened.isOver = true));
  return opened;
}

const subscribe = (token: string, operationId?: string, holder = key) =>
  send("POST", holder, token, { query, variables: { runId }, extensions: { operationId } });
const codeOf = ({ body }: Answer) => body.errors[0].extensions.code;

test("the results of several operations come on one stream, each with the id of its operation", async () => {
  const token = await reserve();
  const stream = await open(token, key);
  for (const id of ["one", "two"]) expect(await subscribe(token, id)).toEqual({ status: 202, body: "" });
  await eventually(() => stream.text.split("event: complete").length === 3);
  for (const id of ["one", "two"]) {
    expect(stream.text).toContain(`{"id":"${id}","payload":{"data":{"runEvents":{"__typename":"RunStarted"}}}}`);
    expect(stream.text).toContain(`event: complete\ndata: {"id":"${id}"}`);
  }
  stream.close();
});

test("an operation without an id, with one that is taken, or that is refused gets an error, and the stream stays", async () => {
  const token = await reserve();
  const stream = await open(token, key);
  expect(codeOf(await subscribe(token))).toBe("BAD_USER_INPUT");
  const forbidden = { query: `{ apps { nodes { id } } }`, extensions: { operationId: "apps" } };
  expect(await send("POST", key, token, forbidden)).toMatchObject({ status: 403 });
  const agentId = await app.agent({ model: "builtin:extractive" });
  const waiting = {
    query: `subscription ($runId: ID!) { runEvents(runId: $runId) { __typename } }`,
    variables: { runId: (await app.run({ agentId })).id },
    extensions: { operationId: "again" },
  };
  expect(await send("POST", key, token, waiting)).toMatchObject({ status: 202 });
  await eventually(() => stream.text.includes(`event: complete\ndata: {"id":"again"}`));
  expect(stream.isOver).toBe(false);
  stream.close();
});

test("the stream of another key is answered as one that does not exist, and is opened once", async () => {
  const [token, other] = [await reserve(), await app.key()];
  const stream = await open(token, key);
  expect(await subscribe(token, "one", other)).toEqual(await subscribe("unknown", "one", other));
  expect(codeOf(await subscribe(token, "one", other))).toBe("NOT_FOUND");
  expect((await open(token, other)).status).toBe(404);
  expect((await open(token, key)).status).toBe(409);
  stream.close();
  await eventually(async () => (await subscribe(token, "one")).status === 404);
});

test("an operation is ended by its id, which can be used again then", async () => {
  const token = await reserve();
  const stream = await open(token, key);
  const held = await execute(key, { agentId: await app.agent({ model: "test:model" }), text: "hold", waitMs: 0 });
  runId = held.run.id;
  expect((await subscribe(token, "one")).status).toBe(202);
  expect((await subscribe(token, "one")).status).toBe(409);
  expect((await send("DELETE", key, token, undefined, "?operationId=one")).status).toBe(200);
  expect((await subscribe(token, "one")).status).toBe(202);
  stream.close();
});

test("an operation that fails ends with a masked error, and the stream stays", async () => {
  const token = await reserve();
  const stream = await open(token, key);
  jest.spyOn(RunEvents.prototype, "read").mockImplementation(async function* () {
    yield await Promise.resolve(new RunStarted({ position: 0, runId } as StoredRunEvent));
    throw new Error("swordfish");
  });
  await subscribe(token, "one");
  await eventually(() => stream.text.includes(`event: complete\ndata: {"id":"one"}`));
  expect(stream.text).toContain("INTERNAL_SERVER_ERROR");
  expect(stream.text).not.toContain("swordfish");
  expect(stream.isOver).toBe(false);
  stream.close();
});

test("a revocation ends the stream", async () => {
  const token = await reserve();
  const stream = await open(token, key);
  const revoke = `mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { status } } }`;
  await server.current.admin.data(revoke, { id: key.keyId });
  await eventually(() => stream.isOver);
});

test("a key can't reserve more streams than it opens soon", async () => {
  for (let i = 0; i < 20; i++) await reserve();
  expect(codeOf(await send("PUT", key))).toBe("LIMIT_REACHED");
  expect((await send("PUT", await app.key())).status).toBe(201);
});
