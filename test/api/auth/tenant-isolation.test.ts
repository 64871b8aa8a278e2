import { randomUUID } from "node:crypto";
import { isInputObjectType, isObjectType } from "graphql";
import { readConfig } from "../../../src/config";
import { createSchema } from "../../../src/api/graphql/schema";
import { attempted, replaceSecret } from "../../support/callbacks";
import type { Client, GraphQLAnswer } from "../../support/client";
import { type Holdings, mutations, queries, type Row } from "../../support/cross-tenant-arguments";
import { useReceiver } from "../../support/receiver";
import { useServer } from "../../support/server";
import { overSse, overWebSocket } from "../../support/stream-clients";
import type { KeyHolder, TestApp } from "../../support/test-app";

const receiver = useReceiver();
const server = useServer({ MODEL_ALLOWED_HOSTS: "127.0.0.1" });

/** Creates the objects of the caller's own app that queries for foreign objects need. */
const createOwn = async (app: TestApp) => ({
  app: app.id,
  agent: await app.agent(),
  otherAgent: await app.agent(),
  session: await app.session(),
});

/** Creates one object of each kind in the foreign app. */
async function createForeign(app: TestApp, holder: KeyHolder): Promise<Holdings> {
  const texts = {
    agentName: randomUUID(),
    reference: randomUUID(),
    userReference: randomUUID(),
    idempotencyKey: randomUUID(),
  };
  const { agentName, idempotencyKey, ...references } = texts;
  const agent = await app.agent({ name: agentName });
  const session = await app.session(references);
  const document = await app.document(session);
  const modelConnection = await app.modelConnection("https://models.example.com/v1");
  const callbackUrl = receiver.current.url("/");
  await replaceSecret(server.current.admin, app.id);
  const { executeAgent } = await holder.data(
    `mutation ($input: ExecuteAgentInput!) { executeAgent(input: $input) { run { id } } }`,
    { input: { agentId: agent, session: { id: session }, text: "Hello", idempotencyKey, callbackUrl } },
  );
  const run = executeAgent.run.id as string;
  const { id: callbackDelivery } = await attempted(holder, run);
  const made = { agent, session, document, modelConnection, run, callbackDelivery: callbackDelivery as string };
  return { app: app.id, scope: holder.scopeId, apiKey: holder.keyId, ...made, ...texts };
}

/** Everything in an app, as an administrator sees it, except `lastUsedAt` of keys, which is written later. */
const everythingOf = (app: string) =>
  server.current.admin.data(
    `query ($app: ID!) {
      app(id: $app) { name description callbackSecretCreatedAt }
      callbackDeliveries(appId: $app) { nodes { id status attempts { at } } }
      scopes(appId: $app) { nodes { name permissions { agents runtime } updatedAt apiKeys { nodes { name status } } } }
      agents(appId: $app) { nodes { id name description instructions model version updatedAt } }
      sessions(appId: $app) {
        nodes {
          id reference userReference metadata status lastActivityAt terminatedAt
          messages { nodes { role text } }
          runs { nodes { id status input output finishedAt } }
          documents { id filename sha256 size status }
        }
      }
    }`,
    { app },
  );

let own: Awaited<ReturnType<typeof createOwn>>;
let key: KeyHolder;
let foreign: Holdings;
let foreignBefore: unknown;

beforeAll(async () => {
  const app = await server.current.newApp();
  foreign = await createForeign(app, await app.key());
  foreignBefore = await everythingOf(foreign.app);
});

beforeEach(async () => {
  const app = await server.current.newApp();
  key = await app.key();
  own = await createOwn(app);
});

afterEach(async () => {
  expect(await everythingOf(foreign.app)).toEqual(foreignBefore);
});

/** Verifies that the responses for a foreign and an unknown id or name are identical, and returns the response. */
async function askTwice(ask: (it: string) => Promise<{ status: number; text: string }>, it: string): Promise<string> {
  const [ofForeign, ofUnknown] = [await ask(it), await ask(randomUUID())];
  expect([ofForeign.status, ofForeign.text]).toEqual([ofUnknown.status, ofUnknown.text]);
  return ofForeign.text;
}

const codeOf = (text: string) => (JSON.parse(text) as GraphQLAnswer).errors?.[0]?.extensions.code;

function askWith(client: Client, kind: string, field: string, names: keyof Holdings) {
  const used = Object.keys(own).filter((name) => new RegExp(`\\$${name}\\b`).test(field));
  const type = ["agentName", "reference", "userReference", "idempotencyKey"].includes(names) ? "String!" : "ID!";
  const declared = [`$it: ${type}`, ...used.map((name) => `$${name}: ID!`)].join(", ");
  return (it: string) => client.send(`${kind} (${declared}) { ${field} }`, { ...own, it });
}

describe.each([
  ["query", queries],
  ["mutation", mutations],
] as const)("in a %s", (kind, rows) => {
  test.each(rows)("%s: a foreign %s is indistinguishable from an unknown one", async (_, names, field, answer) => {
    const text = await askTwice(askWith(key, kind, field, names), foreign[names]);
    const { data, errors } = JSON.parse(text) as GraphQLAnswer;
    const code = errors?.[0]?.extensions.code;
    if (answer === "null") expect([code, ...Object.values(data)]).toEqual([undefined, null]);
    else if (answer === "as if unused") expect([code, data]).toEqual([undefined, expect.any(Object)]);
    else expect(code).toBe(answer);
  });
});

test("UploadDocumentInput.sessionId: a foreign session is indistinguishable from an unknown one", async () => {
  const text = await askTwice((it) => key.upload(it, "The barn is red."), foreign.session);
  expect(codeOf(text)).toBe("NOT_FOUND");
});

test("Subscription.runEvents(runId): a foreign run is indistinguishable from an unknown one, over both streaming transports", async () => {
  const query = `subscription ($it: ID!) { runEvents(runId: $it) { index } }`;
  const text = await askTwice((it) => overSse(key, query, { variables: { it } }), foreign.run);
  expect(text).toContain("NOT_FOUND");

  const results = await overWebSocket(key, query, { variables: { it: foreign.run } });
  expect(results).toEqual(await overWebSocket(key, query, { variables: { it: randomUUID() } }));
  expect(results).toMatchObject([{ errors: [{ extensions: { code: "NOT_FOUND" } }] }]);
});

test("every argument and input field that takes an id or a reference is covered", () => {
  const takesName = ({ name, type }: { name: string; type: unknown }) =>
    String(type).replace("!", "") === "ID" || /^(reference|userReference|idempotencyKey)$/.test(name);
  const places = Object.values(createSchema(readConfig({}).limits).getTypeMap()).flatMap((type) => {
    if (isInputObjectType(type)) {
      return Object.values(type.getFields())
        .filter(takesName)
        .map(({ name }) => `${type.name}.${name}`);
    }
    if (!isObjectType(type)) return [];
    return Object.values(type.getFields()).flatMap((field) =>
      field.args.filter(takesName).map(({ name }) => `${type.name}.${field.name}(${name})`),
    );
  });
  const asked = [...queries, ...mutations]
    .map(([place]) => place)
    .filter((place) => !place.endsWith("AgentInput.name"));
  asked.push("UploadDocumentInput.sessionId", "Subscription.runEvents(runId)");
  expect(places.sort()).toEqual(asked.sort());
});

test("lists contain only objects of the key's app, also after a cursor of a foreign list", async () => {
  const query = `query ($after: String) {
    agents(after: $after) { nodes { id } totalCount pageInfo { endCursor } }
    sessions(after: $after) { nodes { id } totalCount pageInfo { endCursor } }
  }`;
  const { agents, sessions } = await key.data(query);
  expect(agents.nodes).toEqual([{ id: own.agent }, { id: own.otherAgent }]);
  expect([agents.totalCount, sessions.nodes, sessions.totalCount]).toEqual([2, [{ id: own.session }], 1]);

  const cursor = (id: string) => Buffer.from(id).toString("base64url");
  for (const id of [foreign.agent, foreign.session]) {
    const behind = await key.data(query, { after: cursor(id) });
    expect([own.agent, own.otherAgent]).toEqual(
      expect.arrayContaining(behind.agents.nodes.map((node: any) => node.id)),
    );
    expect([own.session]).toEqual(expect.arrayContaining(behind.sessions.nodes.map((node: any) => node.id)));
  }
});

test.each<Row>([
  [
    "Query.apiKeys(scopeId)",
    "scope",
    `apiKeys(appId: $app, scopeId: $it) { totalCount nodes { name } }`,
    "as if unused",
  ],
  [
    "TerminateSessionInput.id",
    "session",
    `terminateSession(input: { id: $it, appId: $app }) { session { status } }`,
    "NOT_FOUND",
  ],
  [
    "SessionRefInput.id",
    "session",
    `executeAgent(input: { agentId: $agent, text: "x", session: { id: $it } }) { replayed }`,
    "NOT_FOUND",
  ],
])("%s: an administrator who names an app does not reach a foreign %s", async (place, names, field, answer) => {
  const kind = place.startsWith("Query.") ? "query" : "mutation";
  const text = await askTwice(askWith(server.current.admin, kind, field, names), foreign[names]);
  expect(codeOf(text)).toBe(answer === "as if unused" ? undefined : answer);
});
