import type { TestPermissions } from "../../support/test-app";

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
  readonly callbackDelivery: string;
}

/** A key, its permissions and its app's objects. */
export interface Holder {
  readonly secret: string;
  readonly permissions: Required<TestPermissions>;
  readonly resources: Resources;
}

/** The expected value for an object that does not exist or belongs to another app. */
export const notFound = Symbol("NOT_FOUND");

/**
 * The expected value of a permitted field, or the expected events of a permitted subscription.
 *
 * @param isOwn whether the arguments name objects of the key's own app
 */
export type ExpectedValue = (holder: Holder, isOwn: boolean) => unknown;

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
    `{ kind app { id } permissions { agents runtime } }`,
    ({ permissions, resources }) => ({ kind: "API_KEY", app: { id: resources.app }, permissions }),
  ],
  apps: [`{ totalCount }`],
  app: [`(id: $app) { id }`],
  scopes: [`(appId: $app) { totalCount }`],
  scope: [`(id: $scope) { id }`],
  apiKeys: [`(appId: $app) { totalCount }`],
  apiKey: [`(id: $apiKey) { id }`],
  modelConnections: [`(appId: $app) { totalCount }`],
  modelConnection: [`(id: $modelConnection) { id }`],
  agents: [
    `(appId: $app) { nodes { id } }`,
    ({ resources }, isOwn) => (isOwn ? { nodes: [{ id: resources.agent }] } : notFound),
  ],
  agent: [`(id: $agent) { id }`, ({ resources }, isOwn) => (isOwn ? { id: resources.agent } : null)],
  sessions: [
    `(appId: $app) { nodes { id } }`,
    ({ resources }, isOwn) => (isOwn ? { nodes: [{ id: resources.session }] } : notFound),
  ],
  session: [`(id: $session) { id }`, ({ resources }, isOwn) => (isOwn ? { id: resources.session } : null)],
  // The download URL is a new secret in each response.
  documentContent: [`(id: $document) { __typename }`, (_, isOwn) => (isOwn ? { __typename: "DocumentContent" } : null)],
  run: [`(id: $run) { id }`, ({ resources }, isOwn) => (isOwn ? { id: resources.run } : null)],
  callbackDeliveries: [
    `(runId: $run) { nodes { id } }`,
    ({ resources }, isOwn) => ({ nodes: isOwn ? [{ id: resources.callbackDelivery }] : [] }),
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
  createApiKey: [`(input: { scopeId: $scope, name: "mine" }) { secret }`],
  renameApiKey: [`(input: { id: $apiKey, name: "mine" }) { apiKey { id } }`],
  revokeApiKey: [`(input: { id: $apiKey }) { apiKey { id } }`],
  createModelConnection: [
    `(input: { appId: $app, name: "mine", provider: OPENAI, apiKey: "k" }) { modelConnection { id } }`,
  ],
  updateModelConnection: [`(input: { id: $modelConnection, name: "mine" }) { modelConnection { id } }`],
  deleteModelConnection: [`(input: { id: $modelConnection }) { id }`],
  testModelConnection: [`(input: { id: $modelConnection, model: "any" }) { ok }`],
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
  runEvents: [`(runId: $run) { index }`, (_, isOwn) => (isOwn ? [{ index: 0 }, { index: 1 }, { index: 2 }] : notFound)],
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
