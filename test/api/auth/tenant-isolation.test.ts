import { randomUUID } from "node:crypto";
import { isInputObjectType, isObjectType } from "graphql";
import { allowHosts } from "../../support/allowed-hosts";
import { readConfig } from "../../../src/config";
import { createSchema } from "../../../src/api/graphql/schema";
import type { GraphQLAnswer } from "../../support/client";
import { type Holdings, mutations, queries, type Row } from "../../support/cross-tenant-arguments";
import { useReceiver } from "../../support/receiver";
import { useServer } from "../../support/server";
import { overSse, overWebSocket } from "../../support/stream-clients";
import {
  askTwice,
  askWith,
  createForeign,
  createOwn,
  everythingOf,
  verifyAnswer,
} from "../../support/tenant-isolation";
import { allPermissions, type KeyHolder } from "../../support/test-app";

const receiver = useReceiver();
const server = useServer({ ...allowHosts("127.0.0.1") });

let own: Awaited<ReturnType<typeof createOwn>>;
let key: KeyHolder;
let manage: () => Promise<KeyHolder>;
let foreign: Holdings;
let foreignBefore: unknown;

beforeAll(async () => {
  const app = await server.current.newApp();
  foreign = await createForeign(server.current, receiver.current, app, await app.key());
  foreignBefore = await everythingOf(server.current, foreign.app);
});

beforeEach(async () => {
  const app = await server.current.newApp();
  key = await app.key();
  manage = () => app.key({ ...allPermissions, keys: "MANAGE" });
  own = await createOwn(app);
});

afterEach(async () => {
  expect(await everythingOf(server.current, foreign.app)).toEqual(foreignBefore);
});

const codeOf = (text: string) => (JSON.parse(text) as GraphQLAnswer).errors?.[0]?.extensions.code;

describe.each([
  ["query", queries],
  ["mutation", mutations],
] as const)("in a %s", (kind, rows) => {
  test.each(rows)("%s: a foreign %s is indistinguishable from an unknown one", (...row) =>
    verifyAnswer(key, own, foreign, kind, row),
  );
});

/** The fields that MANAGE on keys opens, too. */
describe.each([
  ["query", queries],
  ["mutation", mutations],
] as const)("to a key that manages keys, in a %s", (kind, rows) => {
  test.each(rows)("%s: a foreign %s is indistinguishable from an unknown one", async (...row) => {
    const manager = await manage();
    await askTwice(askWith(manager, own, kind, row), foreign[row[1]]);
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
    String(type).replace(/[![\]]/g, "") === "ID" || /^(reference|userReference|idempotencyKey)$/.test(name);
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
    .filter((place) => !place.endsWith("AgentInput.name") && place !== "AgentToolInput.server");
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
])("%s: an administrator who names an app does not reach a foreign %s", async (...row) => {
  const [place, names, , answer] = row;
  const kind = place.startsWith("Query.") ? "query" : "mutation";
  const text = await askTwice(askWith(server.current.admin, own, kind, row), foreign[names]);
  expect(codeOf(text)).toBe(answer === "as if unused" ? undefined : answer);
});
