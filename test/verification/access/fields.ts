import type { TestRole } from "../../support/access-table";
import type { TestGrants, TestScope } from "../../support/test-app";
import type { Confinement } from "./confinement";

/** The ids of one object of each kind in an app. The fields use these names as variables. */
export interface Resources {
  readonly app: string;
  readonly scope: string;
  readonly apiKey: string;
  readonly agent: string;
  readonly session: string;
  readonly document: string;
  readonly run: string;
  readonly modelConnection: string;
  readonly toolServer: string;
  readonly callbackDelivery: string;
}

/** A key, its permissions and its app's objects. */
export interface Holder {
  readonly secret: string;
  /** Those that a denial says are granted. */
  readonly permissions: TestGrants;
  /** Undefined for a key. */
  readonly role?: TestRole;
  /** Undefined if the key finds everything in its app. */
  readonly confinement?: Confinement;
  readonly resources: Resources;
  /** The objects that lists of its app show to it. */
  readonly listed: { readonly agents: readonly string[]; readonly sessions: readonly string[] };
  /** Beside what is granted, what its scope says that it reaches. */
  readonly reach: Pick<Required<TestScope>, "sessions" | "agentAccess" | "agentIds">;
}

/** The expected value for an object that does not exist or belongs to another app. */
export const notFound = Symbol("NOT_FOUND");

/**
 * The expected value of a permitted field, or the expected events of a permitted subscription.
 *
 * @param finds whether the key finds the object of a kind that the arguments name
 */
export type ExpectedValue = (holder: Holder, finds: (kind: keyof Resources) => boolean) => unknown;

export interface RootField {
  readonly kind: "query" | "mutation" | "subscription";
  readonly name: string;
  /** Such as `Query.viewer`, as in the access table. */
  readonly coordinate: string;
  /** The arguments and the selection set. */
  readonly selection: string;
  /** undefined if no key may use the field. */
  readonly expected: ExpectedValue | undefined;
}

type FieldCase = readonly [selection: string, expected?: ExpectedValue];

/** Permitted mutations get unknown ids, so that NOT_FOUND shows that they were executed and they change nothing. */
const foundNothing: ExpectedValue = () => notFound;

const queries: Readonly<Record<string, FieldCase>> = {
  viewer: [
    `{ kind app { id } permissions { agents runtime keys sessions agentAccess agentIds } }`,
    ({ permissions, reach, resources }) => ({
      kind: "API_KEY",
      app: { id: resources.app },
      permissions: { keys: "NONE", ...permissions, ...reach },
    }),
  ],
  apps: [`{ totalCount }`],
  app: [`(id: $app) { id }`],
  // The oldest scope and its key.
  scopes: [
    `(appId: $app, first: 1) { nodes { id } }`,
    ({ resources }, finds) => (finds("app") ? { nodes: [{ id: resources.scope }] } : notFound),
  ],
  scope: [`(id: $scope) { id }`, ({ resources }, finds) => (finds("scope") ? { id: resources.scope } : null)],
  scopePresets: [`{ preset }`],
  auditLog: [`(appId: $app) { totalCount }`],
  auditVerification: [`(appId: $app) { verifiedUpTo }`],
  apiKeys: [
    `(appId: $app, scopeId: $scope) { nodes { id } }`,
    ({ resources }, finds) => (finds("app") ? { nodes: [{ id: resources.apiKey }] } : notFound),
  ],
  apiKey: [`(id: $apiKey) { id }`, ({ resources }, finds) => (finds("apiKey") ? { id: resources.apiKey } : null)],
  modelConnections: [`(appId: $app) { totalCount }`],
  modelConnection: [`(id: $modelConnection) { id }`],
  toolServers: [`(appId: $app) { totalCount }`],
  toolServer: [`(id: $toolServer) { id }`],
  administrators: [`{ totalCount }`],
  consoleSessions: [`{ nodes { id } }`],
  usage: [`(appId: $app) { __typename }`],
  runs: [`(appId: $app) { totalCount }`],
  administrator: [`(id: $app) { id }`],
  agents: [
    `(appId: $app) { nodes { id } }`,
    ({ listed }, finds) => (finds("app") ? { nodes: listed.agents.map((id) => ({ id })) } : notFound),
  ],
  agent: [`(id: $agent) { id }`, ({ resources }, finds) => (finds("agent") ? { id: resources.agent } : null)],
  sessions: [
    `(appId: $app) { nodes { id } }`,
    ({ listed }, finds) => (finds("app") ? { nodes: listed.sessions.map((id) => ({ id })) } : notFound),
  ],
  session: [`(id: $session) { id }`, ({ resources }, finds) => (finds("session") ? { id: resources.session } : null)],
  // The download URL is a new secret in each response.
  documentContent: [
    `(id: $document) { __typename }`,
    (_, finds) => (finds("document") ? { __typename: "DocumentContent" } : null),
  ],
  run: [`(id: $run) { id }`, ({ resources }, finds) => (finds("run") ? { id: resources.run } : null)],
  eventDeliveries: [`(appId: $app) { totalCount }`],
  callbackDeliveries: [
    `(runId: $run) { nodes { id } }`,
    ({ resources }, finds) => ({ nodes: finds("callbackDelivery") ? [{ id: resources.callbackDelivery }] : [] }),
  ],
};

/** With the ids of existing objects, each mutation would change stored data. */
const mutations: Readonly<Record<string, FieldCase>> = {
  createApp: [`(input: { name: "mine" }) { app { id } }`],
  updateApp: [`(input: { id: $app, description: "mine" }) { app { id } }`],
  deleteApp: [`(input: { id: $app }) { id }`],
  createScope: [`(input: { appId: $app, name: "mine", permissions: { agents: FULL } }) { scope { id } }`],
  updateScope: [`(input: { id: $scope, permissions: { agents: FULL, runtime: [RUN] } }) { scope { id } }`],
  deleteScope: [`(input: { id: $scope, revokeKeys: true }) { id }`],
  createApiKey: [`(input: { scopeId: $scope, name: "mine" }) { secret }`, foundNothing],
  updateApiKey: [`(input: { id: $apiKey, name: "mine" }) { apiKey { id } }`, foundNothing],
  renameApiKey: [`(input: { id: $apiKey, name: "mine" }) { apiKey { id } }`, foundNothing],
  revokeApiKey: [`(input: { id: $apiKey }) { apiKey { id } }`, foundNothing],
  endConsoleSession: [`(input: { id: $app }) { consoleSession { id } }`],
  createAdministrator: [`(input: { name: "mine", role: ADMIN }) { secret }`],
  updateAdministrator: [`(input: { id: $app, role: ADMIN }) { administrator { id } }`],
  rotateAdministratorKey: [`(input: { id: $app }) { secret }`],
  revokeAdministrator: [`(input: { id: $app }) { administrator { id } }`],
  cloneScope: [`(input: { id: $scope, name: "mine" }) { scope { id } }`],
  revokeApiKeys: [`(input: { ids: [$apiKey] }) { count }`],
  rotateApiKey: [`(input: { id: $apiKey }) { secret }`, foundNothing],
  createModelConnection: [
    `(input: { appId: $app, name: "mine", provider: OPENAI, apiKey: "k" }) { modelConnection { id } }`,
  ],
  updateModelConnection: [`(input: { id: $modelConnection, name: "mine" }) { modelConnection { id } }`],
  deleteModelConnection: [`(input: { id: $modelConnection }) { id }`],
  testModelConnection: [`(input: { id: $modelConnection, model: "any" }) { ok }`],
  createToolServer: [`(input: { appId: $app, name: "mine", url: "https://example.com" }) { toolServer { id } }`],
  updateToolServer: [`(input: { id: $toolServer, name: "mine" }) { toolServer { id } }`],
  deleteToolServer: [`(input: { id: $toolServer }) { id }`],
  testToolServer: [`(input: { id: $toolServer }) { ok }`],
  replaceCallbackSecret: [`(input: { appId: $app }) { secret }`],
  createAgent: [`(input: { appId: $app, name: "mine" }) { agent { id } }`, foundNothing],
  updateAgent: [`(input: { id: $agent, description: "mine" }) { agent { id } }`, foundNothing],
  deleteAgent: [`(input: { id: $agent }) { id }`, foundNothing],
  createSession: [`(input: { appId: $app }) { session { id } }`, foundNothing],
  terminateSession: [`(input: { id: $session }) { session { id } }`, foundNothing],
  uploadDocument: [`(input: { sessionId: $session, file: $file }) { document { id } }`, foundNothing],
  deleteDocument: [`(input: { id: $document }) { id }`, foundNothing],
  executeAgent: [`(input: { agentId: $agent, text: "Hello", waitMs: 0 }) { replayed }`, foundNothing],
  cancelRun: [`(input: { id: $run }) { run { id } }`, foundNothing],
  redeliverCallback: [`(input: { id: $callbackDelivery }) { callbackDelivery { id } }`, foundNothing],
};

/** A run without documents has three events: it is started, outputs that there are no documents, and is finished. */
const subscriptions: Readonly<Record<string, FieldCase>> = {
  runEvents: [
    `(runId: $run) { index }`,
    (_, finds) => (finds("run") ? [{ index: 0 }, { index: 1 }, { index: 2 }] : notFound),
  ],
};

const fieldsOf = (kind: RootField["kind"], type: string, cases: Readonly<Record<string, FieldCase>>): RootField[] =>
  Object.entries(cases).map(([name, [selection, expected]]) => ({
    kind,
    name,
    coordinate: `${type}.${name}`,
    selection,
    expected,
  }));

/** Every root field of the API, written by hand. */
export const rootFields: readonly RootField[] = [
  ...fieldsOf("query", "Query", queries),
  ...fieldsOf("mutation", "Mutation", mutations),
  ...fieldsOf("subscription", "Subscription", subscriptions),
];

/**
 * A mutation that the key may use on its own app, and that would change stored data.
 *
 * @returns undefined if the key may use no such mutation
 */
export function sideEffectOf({ agents, runtime }: Holder["permissions"]): string | undefined {
  const name =
    (runtime.includes("SESSION_CREATE") && "createSession") ||
    (runtime.includes("SESSION_TERMINATE") && "terminateSession") ||
    (runtime.includes("DOCUMENT_UPLOAD") && "deleteDocument") ||
    (runtime.includes("RUN") && "executeAgent") ||
    ((agents === "EDIT" || agents === "FULL") && "updateAgent");
  return name ? `${name}${mutations[name]?.[0] ?? ""}` : undefined;
}
