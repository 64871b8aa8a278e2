import { randomUUID } from "node:crypto";
import { type GraphQLObjectType, isObjectType } from "graphql";
import { readConfig } from "../../../src/config";
import { createSchema } from "../../../src/api/graphql/schema";
import { access, accessOf, grantedByRole, grants, isRole, permissionsOf } from "../../support/access-table";
import { administratorWith } from "../../support/administrators";
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
  "Query.scopePresets": `{ preset }`,
  "Query.auditLog": `(appId: "${id}") { totalCount }`,
  "Query.auditVerification": `(appId: "${id}") { verifiedUpTo }`,
  "Query.apiKeys": `(appId: "${id}") { totalCount }`,
  "Query.apiKey": `(id: "${id}") { id }`,
  "Query.modelConnections": `(appId: "${id}") { totalCount }`,
  "Query.modelConnection": `(id: "${id}") { id }`,
  "Query.toolServers": `(appId: "${id}") { totalCount }`,
  "Query.toolServer": `(id: "${id}") { id }`,
  "Query.agents": `{ totalCount }`,
  "Query.agent": `(id: "${id}") { id }`,
  "Query.sessions": `{ totalCount }`,
  "Query.session": `(id: "${id}") { id }`,
  "Query.documentContent": `(id: "${id}") { url }`,
  "Query.run": `(id: "${id}") { id }`,
  "Query.usage": `(appId: "${id}") { dataSince }`,
  "Query.runs": `(appId: "${id}") { totalCount }`,
  "Query.eventDeliveries": `(appId: "${id}") { totalCount }`,
  "Query.callbackDeliveries": `(runId: "${id}") { totalCount }`,
  "Mutation.createApp": `(input: { name: "${id}" }) { app { id } }`,
  "Mutation.updateApp": `(input: { id: "${id}" }) { app { id } }`,
  "Mutation.deleteApp": `(input: { id: "${id}" }) { id }`,
  "Query.administrators": `{ totalCount }`,
  "Query.administrator": `(id: "${id}") { id }`,
  "Mutation.createAdministrator": `(input: { name: "${id}", role: AUDITOR }) { secret }`,
  "Mutation.updateAdministrator": `(input: { id: "${id}", role: ADMIN }) { administrator { id } }`,
  "Mutation.rotateAdministratorKey": `(input: { id: "${id}" }) { secret }`,
  "Query.consoleSessions": `{ nodes { id } }`,
  "Mutation.endConsoleSession": `(input: { id: "${id}" }) { consoleSession { id } }`,
  "Mutation.revokeAdministrator": `(input: { id: "${id}" }) { administrator { id } }`,
  "Mutation.createScope": `(input: { appId: "${id}", name: "all", permissions: { agents: FULL } }) { scope { id } }`,
  "Mutation.updateScope": `(input: { id: "${id}", permissions: { agents: FULL } }) { scope { id } }`,
  "Mutation.deleteScope": `(input: { id: "${id}" }) { id }`,
  "Mutation.createApiKey": `(input: { scopeId: "${id}", name: "mine" }) { secret }`,
  "Mutation.updateApiKey": `(input: { id: "${id}", name: "mine" }) { apiKey { id } }`,
  "Mutation.renameApiKey": `(input: { id: "${id}", name: "mine" }) { apiKey { id } }`,
  "Mutation.revokeApiKey": `(input: { id: "${id}" }) { apiKey { id } }`,
  "Mutation.cloneScope": `(input: { id: "${id}", name: "mine" }) { scope { id } }`,
  "Mutation.revokeApiKeys": `(input: { ids: ["${id}"] }) { count }`,
  "Mutation.rotateApiKey": `(input: { id: "${id}" }) { secret }`,
  "Mutation.createModelConnection": `(input: { appId: "${id}", name: "x", provider: OPENAI }) { modelConnection { id } }`,
  "Mutation.updateModelConnection": `(input: { id: "${id}" }) { modelConnection { id } }`,
  "Mutation.deleteModelConnection": `(input: { id: "${id}" }) { id }`,
  "Mutation.testModelConnection": `(input: { id: "${id}", model: "x" }) { ok }`,
  "Mutation.createToolServer": `(input: { appId: "${id}", name: "x", url: "https://example.com" }) { toolServer { id } }`,
  "Mutation.updateToolServer": `(input: { id: "${id}" }) { toolServer { id } }`,
  "Mutation.deleteToolServer": `(input: { id: "${id}" }) { id }`,
  "Mutation.testToolServer": `(input: { id: "${id}" }) { ok }`,
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

/** A key can reach these fields of its own key and scope, which only administrators may read. */
const ofKeys = [
  "ApiKey.description",
  "ApiKey.owner",
  "ApiKey.tripwire",
  "ApiKey.environment",
  "ApiKey.tags",
  "ApiKey.createdBy",
  "ApiKey.lastUsedFrom",
  "ApiKey.revokedBy",
  "ApiKey.revokedReason",
  "ApiKey.successor",
  "ApiKey.predecessor",
  "ApiKey.allowedAddresses",
  "ApiKey.usage",
  "Scope.allowedAddresses",
  "Scope.tags",
];
const viewerOf = (coordinate: string): { query: string; guarded: Readonly<Record<string, string>> } => {
  const [type = "", field = ""] = coordinate.split(".");
  const path = type === "ApiKey" ? ["apiKey", field] : ["apiKey", "scope", field];
  const selection =
    { successor: "successor { id }", predecessor: "predecessor { id }", usage: "usage { requests }" }[field] ?? field;
  return {
    query: `{ viewer { apiKey { ${type === "ApiKey" ? selection : `scope { ${selection} }`} } } }`,
    guarded: { viewer: "Query.viewer", [["viewer", ...path].join(".")]: coordinate },
  };
};

/** A query for each guarded field below the root, through a field with another requirement. */
const nestedFields: Readonly<Record<string, { query: string; guarded: Readonly<Record<string, string>> }>> = {
  "App.callbackSecretCreatedAt": {
    query: `{ agents { nodes { app { callbackSecretCreatedAt } } } }`,
    guarded: { agents: "Query.agents", "agents.nodes.app.callbackSecretCreatedAt": "App.callbackSecretCreatedAt" },
  },
  "App.eventHost": {
    query: `{ agents { nodes { app { eventHost } } } }`,
    guarded: { agents: "Query.agents", "agents.nodes.app.eventHost": "App.eventHost" },
  },
  "AppLimits.usage": {
    query: `{ agents { nodes { app { limits { usage { agents } } } } } }`,
    guarded: { agents: "Query.agents", "agents.nodes.app.limits.usage": "AppLimits.usage" },
  },
  ...Object.fromEntries(ofKeys.map((coordinate) => [coordinate, viewerOf(coordinate)])),
  "Scope.apiKeys": {
    query: `{ viewer { apiKey { scope { apiKeys { totalCount } } } } }`,
    guarded: { viewer: "Query.viewer", "viewer.apiKey.scope.apiKeys": "Scope.apiKeys" },
  },
  "Session.userReference": {
    query: `{ run(id: "${id}") { session { userReference } } }`,
    guarded: { run: "Query.run", "run.session.userReference": "Session.userReference" },
  },
  "Session.metadata": {
    query: `mutation { createSession(input: {}) { session { metadata } } }`,
    guarded: { createSession: "Mutation.createSession", "createSession.session.metadata": "Session.metadata" },
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
  "Run.metadata": {
    query: `{ run(id: "${id}") { metadata } }`,
    guarded: { run: "Query.run", "run.metadata": "Run.metadata" },
  },
  "Run.startedBy": {
    query: `{ run(id: "${id}") { startedBy { name } } }`,
    guarded: { run: "Query.run", "run.startedBy": "Run.startedBy" },
  },
  "Run.apiKey": {
    query: `{ run(id: "${id}") { apiKey { hint } } }`,
    guarded: { run: "Query.run", "run.apiKey": "Run.apiKey" },
  },
  "Run.agent": {
    query: `{ run(id: "${id}") { agent { instructions } } }`,
    guarded: { run: "Query.run", "run.agent": "Run.agent" },
  },
};

/** The guarded fields of events, with the type that has them. */
const eventFields = {
  "RunReasoning.text": "text",
  "RunToolCall.arguments": "arguments",
  "RunToolResult.result": "result",
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
    ).toEqual(Object.fromEntries([...access].map(([field, { described }]) => [field, described])));
  });

  test("is covered completely by the queries of this test", () => {
    const queried = [...Object.keys(rootFields), ...Object.keys(nestedFields)];
    const streamed = ["Subscription.runEvents", ...Object.keys(eventFields)];
    expect([...queried, "Mutation.uploadDocument", ...streamed].sort()).toEqual([...access.keys()].sort());
  });
});

const bracketed = (description: string | null | undefined) => /^\[(.+?)\]/.exec(description ?? "")?.[1];

describe.each(grants)("a caller with %s", (grant) => {
  let client: Client;
  const role = isRole(grant) ? grant : undefined;
  const permissions = isRole(grant) || grant === "admin" ? undefined : permissionsOf[grant];
  const granted = role ? grantedByRole[role] : permissions;

  beforeAll(async () => {
    const app = await server.current.newApp();
    if (role) client = await administratorWith(server.current, role, app.id);
    else client = permissions ? await app.key(permissions) : server.current.admin;
  });

  /** The expected errors: one denial for each field that the access table does not open. */
  function denialsOf(guarded: Readonly<Record<string, string>>) {
    return Object.entries(guarded)
      .filter(([, field]) => !accessOf(field).opens.has(grant))
      .map(([path, field]) => ({
        message: expect.any(String),
        path: path.split("."),
        extensions: { code: "FORBIDDEN", required: accessOf(field)[role ? "described" : "required"], granted },
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

  test.each(Object.entries(eventFields))(
    "is denied %s in a stream unless the access table opens it",
    async (name, field) => {
      const query = `subscription { runEvents(runId: "${id}") { index ... on ${name.split(".")[0] ?? ""} { ${field} } } }`;
      const guarded = { runEvents: "Subscription.runEvents", [`runEvents.${field}`]: name };
      expectDenials(await overSse(client, query), guarded);
    },
  );

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
