import type { Response } from "supertest";
import { assertDisclosesNothing, maxHoldMs, useAttackedServer } from "../support/attack";
import type { Client, GraphQLAnswer } from "../support/client";
import { overSse, overWebSocket } from "../support/stream-clients";
import type { KeyHolder } from "../support/test-app";

const maxBytes = 20_000_000;
const server = useAttackedServer();
let key: KeyHolder;
let agentId: string;
let escapedId: string;
let appId: string;

const names = (count: number, field: (index: number) => string): string =>
  Array.from({ length: count }, (_, i) => `a${i}: ${field(i)}`).join(" ");
const post = (query: string, client: Client = key): Promise<Response> =>
  Promise.resolve(client.post().set("accept", "application/graphql-response+json").send({ query }));

beforeAll(async () => {
  const app = await server.current.newApp();
  appId = app.id;
  key = await app.key();
  agentId = await app.agent({ instructions: "x".repeat(100_000) });
  escapedId = await app.agent({ instructions: "\u0001".repeat(100_000) });
  for (let i = 0; i < 198; i++) await app.agent({ instructions: "You answer briefly. ".repeat(20) });
});

/** 40 MB, from one row of 100 KB. */
const doubled = () => `{ ${names(20, () => `agent(id: "${agentId}") { ${names(20, () => "instructions")} }`)} }`;

function expectTooLarge(answer: unknown): void {
  const { data, errors } = answer as GraphQLAnswer;
  expect(data ?? null).toBeNull();
  expect(errors).toMatchObject([{ extensions: { code: "PAYLOAD_TOO_LARGE", maxBytes } }]);
  expect(errors?.[0]?.message).toMatch(/larger than the maximum of 20,000,000 bytes/);
}

test("a field under more than 20 names is refused, and under 20 names answered", async () => {
  const query = (count: number) => `{ agent(id: "${agentId}") { ${names(count, () => "name")} } }`;
  expect((await post(query(20))).status).toBe(200);
  const { result, longestHoldMs } = await server.current.observe(() => post(query(21)));
  expect(result.body.errors[0].extensions.code).toBe("GRAPHQL_VALIDATION_FAILED");
  expect(result.body.errors[0].message).toMatch(/`name` .*more than 20 names/);
  const spread = `{ agent(id: "${agentId}") { ...A ...B } } fragment A on Agent { ${names(11, () => "name")} } fragment B on Agent { ${names(
    11,
    () => "name",
  )
    .replaceAll("a", "b")
    .replaceAll("nbme", "name")} }`;
  expect((await post(spread)).body.errors[0].extensions.code).toBe("GRAPHQL_VALIDATION_FAILED");
  expect(longestHoldMs).toBeLessThan(maxHoldMs);
});

test.each<[transport: string, ask: () => Promise<unknown>]>([
  ["HTTP", async () => (await post(doubled())).body as unknown],
  ["server-sent events", async () => JSON.parse(/^data: (.*)$/m.exec((await overSse(key, doubled())).text)?.[1] ?? "")],
  ["a WebSocket", async () => (await overWebSocket(key, doubled()))[0]],
])("a result that reaches the maximum ends with one error over %s", async (_transport, ask) => {
  await ask();
  const { result, longestHoldMs, keptBytes } = await server.current.observe(ask);
  expectTooLarge(result);
  expect(longestHoldMs).toBeLessThan(maxHoldMs);
  expect(keptBytes).toBeLessThan(10_000_000);
});

test("a result that is refused has the status 413 and discloses nothing", async () => {
  const answer = await post(doubled());
  expect(answer.status).toBe(413);
  assertDisclosesNothing(answer);
});

test("escapes count where the result is sent", async () => {
  // 7 MB as text, 42 MB as JSON.
  const query = `{ ${names(7, () => `agent(id: "${escapedId}") { ${names(10, () => "instructions")} }`)} }`;
  const { result, longestHoldMs } = await server.current.observe(() => post(query));
  expectTooLarge(result.body);
  expect(longestHoldMs).toBeLessThan(maxHoldMs);
});

test("many results that are refused at once leave no memory behind", async () => {
  await post(doubled());
  const { result, keptBytes } = await server.current.observe(() =>
    Promise.all(Array.from({ length: 20 }, () => post(doubled()))),
  );
  for (const { body } of result) expectTooLarge(body);
  expect(keptBytes).toBeLessThan(10_000_000);
});

test("a mutation that took effect before its result became too large stays in effect, and the error says so", async () => {
  const app = await server.current.newApp();
  const client = await app.key();
  const id = await app.agent({ instructions: "x".repeat(100_000) });
  const mutation = (i: number) =>
    `updateAgent(input: { id: "${id}", description: "${i}" }) { ${names(10, () => `agent { ${names(20, () => "instructions")} }`)} }`;
  const { body } = await post(`mutation { a: ${mutation(1)} b: ${mutation(2)} }`, client);
  expectTooLarge(body);
  expect(body.errors[0].message).toMatch(/Its mutations may have taken effect/);
  const data = await client.data(`{ agent(id: "${id}") { description } }`);
  // The second one was not executed.
  expect(data.agent.description).toBe("1");
});

test.each<[transport: string, ask: (query: string) => Promise<unknown>]>([
  ["HTTP", async (query) => (await post(query)).body as unknown],
  [
    "server-sent events",
    async (query) => JSON.parse(/^data: (.*)$/m.exec((await overSse(key, query)).text)?.[1] ?? ""),
  ],
  ["a WebSocket", async (query) => (await overWebSocket(key, query))[0]],
])("a result just below the maximum is sent over %s while other work gets its turns", async (_transport, ask) => {
  const query = `{ ${names(19, () => `agent(id: "${agentId}") { ${names(10, () => "instructions")} }`)} }`;
  await ask(query);
  const { result, longestHoldMs, keptBytes } = await server.current.observe(() => ask(query));
  const { data } = result as GraphQLAnswer;
  expect(Object.keys(data as object)).toHaveLength(19);
  expect((data as { a18: { a9: string } }).a18.a9).toBe("x".repeat(100_000));
  expect(longestHoldMs).toBeLessThan(maxHoldMs);
  expect(keptBytes).toBeLessThan(10_000_000);
});

test("a page of 200 agents with every field is answered", async () => {
  const query = `{ agents(first: 200) { nodes {
    id name description instructions model temperature maxOutputTokens timeoutSeconds onInterrupt version createdAt
    updatedAt tools { url allow } app { id name }
  } pageInfo { hasNextPage endCursor } totalCount } }`;
  await post(query);
  const { result, longestHoldMs } = await server.current.observe(() => post(query));
  expect(result.body.errors).toBeUndefined();
  expect(result.body.data.agents.nodes).toHaveLength(200);
  // As JSON.stringify would write it.
  expect(JSON.stringify(result.body)).toBe(result.text.trimEnd());
  expect(longestHoldMs).toBeLessThan(maxHoldMs);
});

test("an operation with hundreds of thousands of fields is executed in turns", async () => {
  const fields = names(40, (i) => ["id", "name", "model", "version"][i % 4] ?? "");
  const fragment = `fragment F on Agent { ${fields} app { ${names(6, () => "name")} } }`;
  const query = `{ ${names(20, () => "agents(first: 200) { nodes { ...F } }")} } ${fragment}`;
  await post(query);
  const { result, longestHoldMs } = await server.current.observe(() => post(query));
  expect(result.status).toBe(200);
  expect(Object.keys(result.body.data.a19.nodes[199] as object)).toHaveLength(41);
  expect(longestHoldMs).toBeLessThan(maxHoldMs);
});

test("an operation that would read from the database hundreds of times is refused", async () => {
  const apps = names(20, () => "app { name }");
  const query = (count: number) =>
    `{ ${names(count, (i) => `agent(id: "${agentId.slice(0, -2)}${10 + i}") { ${apps} }`)} }`;
  // Each agent, and each of its names of an app.
  expect((await post(query(9))).status).toBe(200);
  const { result } = await server.current.observe(() => post(query(10)));
  expect(result.body.errors[0]).toMatchObject({ extensions: { code: "BAD_USER_INPUT" } });
  expect(result.body.errors[0].message).toMatch(/reads 210 lists and objects/);
  expect(appId).not.toBe("");
});
