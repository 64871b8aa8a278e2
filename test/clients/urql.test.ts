import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { createClient as createWsClient, type Sink } from "graphql-ws";
import { WebSocket } from "ws";
import { execute } from "../support/runs";
import { useServer } from "../support/server";
import type { KeyHolder } from "../support/test-app";

const server = useServer();
let key: KeyHolder;
let agentId: string;
beforeAll(async () => {
  const app = await server.current.newApp();
  [key, agentId] = [await app.key(), await app.agent()];
});

const headersOf = (header: string) => ({ [header]: header === "x-api-key" ? key.secret : `Bearer ${key.secret}` });
const headers = ["x-api-key", "authorization"];

test.each(headers.flatMap((header) => [[header, true] as const, [header, false] as const]))(
  "a query with the header %s gives its data, by GET: %s",
  async (header, preferGetMethod) => {
    const methods: (string | undefined)[] = [];
    const client = new Client({
      url: key.url,
      exchanges: [fetchExchange],
      preferGetMethod,
      fetchOptions: { headers: headersOf(header) },
      fetch: (input, init) => {
        methods.push(init?.method);
        return fetch(input, init);
      },
    });
    const query = `query ($first: Int) { agents(first: $first) { totalCount } }`;
    const { data, error } = await client.query(query, { first: 1 }).toPromise();
    expect([data, error, methods]).toEqual([
      { agents: { totalCount: 1 } },
      undefined,
      [preferGetMethod ? "GET" : "POST"],
    ]);
  },
);

test("errors of every status give their code", async () => {
  const clientWith = (fetchHeaders: Record<string, string>) =>
    new Client({
      url: key.url,
      exchanges: [fetchExchange],
      preferGetMethod: false,
      fetchOptions: { headers: fetchHeaders },
    });
  const codeOf = async (client: Client, query: string) =>
    (await client.query(query, {}).toPromise()).error?.graphQLErrors[0]?.extensions["code"];
  expect(await codeOf(clientWith({}), `{ viewer { kind } }`)).toBe("UNAUTHENTICATED");
  expect(await codeOf(clientWith(headersOf("x-api-key")), `{ apps { totalCount } }`)).toBe("FORBIDDEN");
  expect(await codeOf(clientWith(headersOf("x-api-key")), `{ nothing }`)).toBe("GRAPHQL_VALIDATION_FAILED");
});

test.each(headers)("a file is uploaded with the header %s", async (header) => {
  const { createSession } = await key.data(`mutation { createSession(input: {}) { session { id } } }`);
  const client = new Client({
    url: key.url,
    exchanges: [fetchExchange],
    preferGetMethod: true,
    fetchOptions: { headers: headersOf(header) },
  });
  const upload = `mutation ($input: UploadDocumentInput!) { uploadDocument(input: $input) { document { size } } }`;
  const input = { sessionId: createSession.session.id, file: new File(["twelve bytes"], "notes.txt") };
  const { data, error } = await client.mutation(upload, { input }).toPromise();
  expect([data, error]).toEqual([{ uploadDocument: { document: { size: 12 } } }, undefined]);
});

test("a subscription gives its events", async () => {
  const { run } = await execute(key, { agentId, text: "Hello" });
  const socket = createWsClient({
    url: key.url.replace("http", "ws"),
    webSocketImpl: WebSocket,
    connectionParams: headersOf("x-api-key"),
  });
  const client = new Client({
    url: key.url,
    preferGetMethod: false,
    exchanges: [
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: (request) => ({
          subscribe: (sink) => ({
            unsubscribe: socket.subscribe({ ...request, query: request.query ?? "" }, sink as unknown as Sink),
          }),
        }),
      }),
    ],
  });
  const query = `subscription ($runId: ID!) { runEvents(runId: $runId) { __typename } }`;
  const types = await new Promise<string[]>((resolve) => {
    const seen: string[] = [];
    client.subscription(query, { runId: run.id }).subscribe(({ data }) => {
      seen.push(data.runEvents.__typename as string);
      if (seen.at(-1) === "RunFinished") resolve(seen);
    });
  });
  expect(types[0]).toBe("RunStarted");
  await socket.dispose();
});
