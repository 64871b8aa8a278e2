import { randomUUID } from "node:crypto";
import { type GraphQLObjectType, isObjectType } from "graphql";
import { readConfig } from "../../../src/config";
import { createSchema } from "../../../src/api/graphql/schema";
import { access, accessOf, grants, permissionsOf } from "../../support/access-table";
import type { Client } from "../../support/client";
import { useServer } from "../../support/server";
import { errorsOf, overSse, overWebSocket } from "../../support/stream-clients";

const server = useServer();
const schema = createSchema(readConfig({}).limits);
const id = randomUUID();
const runEvents = `subscription { runEvents(runId: "${id}") { index } }`;

/** The arguments and the selection of a minimal query for each root field of the access table. */
const rootFields: Readonly<Record<string, string>> = {
  "Query.viewer": `{ kind }`,
  "Query.apps": `{ totalCount }`,
  "Query.app": `(id: "${id}") { id }`,
  "Query.scopes": `(appId: "${id}") { totalCount }`,
  "Query.scope": `(id: "${id}") { id }`,
  "Query.apiKeys": `(appId: "${id}") { totalCount }`,
  "Query.apiKey": `(id: "${id}") { id }`,
  "Query.modelConnections": `(appId: "${id}") { totalCount }`,
  "Query.modelConnection": `(id: "${id}") { id }`,
  "Query.agents": `{ totalCount }`,
  "Query.agent": `(id: "${id}") { id }`,
  "Query.sessions": `{ totalCount }`,
  "Query.session": `(id: "${id}") { id }`,
  "Query.documentContent": `(id: "${id}") { url }`,
  "Query.run": `(id: "${id}") { id }`,
  "Query.callbackDeliveries": `(runId: "${id}") { totalCount }`,
  "Mutation.createApp": `(input: { name: "${id}" }) { app { id } }`,
  "Mutation.updateApp": `(input: { id: "${id}" }) { app { id } }`,
  "Mutation.deleteApp": `(input: { id: "${id}" }) { id }`,
  "Mutation.createScope": `(input: { appId: "${id}", name: "all", permissions: { agents: FULL } }) { scope { id } }`,
  "Mutation.updateScope": `(input: { id: "${id}", permissions: { agents: FULL } }) { scope { id } }`,
  "Mutation.deleteScope": `(input: { id: "${id}" }) { id }`,
  "Mutation.createApiKey": `(input: { scopeId: "${id}", name: "mine" }) { secret }`,
  "Mutation.renameApiKey": `(input: { id: "${id}", name: "mine" }) { apiKey { id } }`,
  "Mutation.revokeApiKey": `(input: { id: "${id}" }) { apiKey { id } }`,
  "Mutation.createModelConnection": `(input: { appId: "${id}", name: "x", provider: OPENAI }) { modelConnection { id } }`,
  "Mutation.updateModelConnection": `(input: { id: "${id}" }) { modelConnection { id } }`,
  "Mutation.deleteModelConnection": `(input: { id: "${id}" }) { id }`,
  "Mutation.testModelConnection": `(input: { id: "${id}", model: "x" }) { ok }`,
  "Mutation.replaceCallbackSecret": `(input: { appId: "${id}" }) { secret }`,
  "Mutation.createAgent": `(input: { name: "${id}" }) { agent { id } }`,
  "Mutation.updateAgent": `(input: { id: "${id}" }) { agent { id } }`,
  "Mutation.deleteAgent": `(input: { id: "${id}" }) { id }`,
  "Mutation.createSession": `(input: {}) { session { id } }`,
  "Mutation.terminateSession": `(input: { id: "${id}" }) { session { id } }`,
  "Mutation.deleteDocument": `(input: { id: "${id}" }) { id }`,
  "Mutation.executeAgent": `(input: { agentId: "${id}", text: "Hello" }) { replayed }`,
  "Mutation.cancelRun": `(input: { id: "${id}" }) { run { id } }`,
  "Mutation.redeliverCallback": `(input: { id: "${id}" }) { callbackDelivery { id } }`,
};

/** A query for each guarded field below the root, through a field with another requirement. */
const nestedFields: Readonly<Record<string, { query: string; guarded: Readonly<Record<string, string>> }>> = {
  "App.callbackSecretCreatedAt": {
    query: `{ agents { nodes { app { callbackSecretCreatedAt } } } }`,
    guarded: { agents: "Query.agents", "agents.nodes.app.callbackSecretCreatedAt": "App.callbackSecretCreatedAt" },
  },
  "Scope.apiKeys": {
    query: `{ viewer { apiKey { scope { apiKeys { totalCount } } } } }`,
    guarded: { viewer: "Query.viewer", "viewer.apiKey.scope.apiKeys": "Scope.apiKeys" },
  },
  "Session.messages": {
    query: `{ run(id: "${id}") { session { messages { nodes { text } } } } }`,
    guarded: { run: "Query.run", "run.session.messages": "Session.messages" },
  },
  "Session.runs": {
    query: `{ run(id: "${id}") { session { runs { nodes { output } } } } }`,
    guarded: { run: "Query.run", "run.session.runs": "Session.runs" },
  },
  "Session.documents": {
    query: `mutation { createSession(input: {}) { session { documents { filename } } } }`,
    guarded: { createSession: "Mutation.createSession", "createSession.session.documents": "Session.documents" },
  },
  "Run.agent": {
    query: `{ run(id: "${id}") { agent { instructions } } }`,
    guarded: { run: "Query.run", "run.agent": "Run.agent" },
  },
};

describe("the access table", () => {
  const types = Object.values(schema.getTypeMap()).filter(isObjectType);
  const fieldsOf = (type: GraphQLObjectType) =>
    Object.values(type.getFields()).map((field) => ({ ...field, coordinate: `${type.name}.${field.name}` }));

  test("lists every root field of the schema, every other field with a requirement, and nothing else", () => {
    const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
    const guarded = types.flatMap((type) =>
      fieldsOf(type).filter(({ extensions }) => roots.includes(type) || extensions["requires"] !== undefined),
    );
    expect(guarded.map(({ coordinate }) => coordinate).sort()).toEqual([...access.keys()].sort());
  });

  test("has the same requirements as the descriptions of the schema", () => {
    const described = types.flatMap(fieldsOf).filter(({ description }) => description?.startsWith("["));
    expect(
      Object.fromEntries(described.map(({ coordinate, description }) => [coordinate, bracketed(description)])),
    ).toEqual(Object.fromEntries([...access].map(([field, { required }]) => [field, required])));
  });

  test("is covered completely by the queries of this test", () => {
    const queried = [...Object.keys(rootFields), ...Object.keys(nestedFields)];
    expect([...queried, "Mutation.uploadDocument", "Subscription.runEvents"].sort()).toEqual([...access.keys()].sort());
  });
});

const bracketed = (description: string | null | undefined) => /^\[(.+?)\]/.exec(description ?? "")?.[1];

describe.each(grants)("a caller with %s", (grant) => {
  let client: Client;
  const permissions = grant === "admin" ? undefined : permissionsOf[grant];

  beforeAll(async () => {
    const app = await server.current.newApp();
    client = permissions ? await app.key(permissions) : server.current.admin;
  });

  /** The expected errors: one denial for each field that the access table does not open. */
  function denialsOf(guarded: Readonly<Record<string, string>>) {
    return Object.entries(guarded)
      .filter(([, field]) => !accessOf(field).opens.has(grant))
      .map(([path, field]) => ({
        message: expect.any(String),
        path: path.split("."),
        extensions: { code: "FORBIDDEN", required: accessOf(field).required, granted: permissions },
      }));
  }

  function expectDenials({ status, body }: { status: number; body: unknown }, guarded: Record<string, string>): void {
    const expected = denialsOf(guarded);
    if (expected.length > 0) {
      expect({ status, body }).toEqual({ status: 403, body: { errors: expected } });
    } else {
      expect(status).toBe(200);
      expect(errorsOf(body).map(({ extensions }) => extensions.code)).not.toContain("FORBIDDEN");
    }
  }

  test.each(Object.keys(rootFields))("is denied %s unless the access table opens it", async (coordinate) => {
    const [type = "", field = ""] = coordinate.split(".");
    const answer = await client.send(`${type.toLowerCase()} { ${field} ${rootFields[coordinate]} }`);
    expectDenials(answer, { [field]: coordinate });
  });

  test.each(Object.entries(nestedFields))(
    "is denied %s, below other fields, unless the access table opens it",
    async (_, { query, guarded }) => {
      expectDenials(await client.send(query), guarded);
    },
  );

  test("is denied Mutation.uploadDocument, with and without a document, unless the access table opens it", async () => {
    const guarded = { uploadDocument: "Mutation.uploadDocument" };
    expectDenials(await client.upload(id, "The barn is red."), guarded);
    const withoutFile = `mutation ($file: Upload!) { uploadDocument(input: { sessionId: "${id}", file: $file }) { document { id } } }`;
    expectDenials(await client.send(withoutFile, { file: null }), guarded);
  });

  test("is denied Subscription.runEvents, over both streaming transports, unless the access table opens it", async () => {
    const guarded = { runEvents: "Subscription.runEvents" };
    const sse = await overSse(client, runEvents);
    const [result] = await overWebSocket(client, runEvents);

    expectDenials(sse, guarded);
    const denied = denialsOf(guarded);
    if (denied.length > 0) {
      expect(result).toEqual({ errors: denied });
    } else {
      expect(sse.text).toContain(`"NOT_FOUND"`);
      expect(errorsOf(result)).toMatchObject([{ extensions: { code: "NOT_FOUND" } }]);
    }
  });

  test("never gets Subscription.runEvents over a plain request", async () => {
    for (const { status, body } of [
      await client.send(runEvents),
      await client.get(`?query=${encodeURIComponent(runEvents)}`).set("apollo-require-preflight", "1"),
    ]) {
      expect(status).toBe(405);
      expect(body).not.toHaveProperty("data");
    }
  });
});
