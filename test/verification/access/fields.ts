import type { TestPermissions } from "../../support/test-app";

/** One of everything that an app has, by its id. The fields name them as variables. */
export interface Holdings {
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

/** Who asks: a key, what it was granted, and what its app has. */
export interface Holder {
  readonly secret: string;
  readonly permissions: Required<TestPermissions>;
  readonly holdings: Holdings;
}

/** What is told of an object that is not of the caller's app, or of no app. */
export const notFound = Symbol("NOT_FOUND");

/**
 * What a field is answered with that is let in, to who names objects of its own app and to who names others; a
 * subscription, with what it tells one after the other.
 */
export type Told = (holder: Holder, isOwn: boolean) => unknown;

export interface RootField {
  readonly kind: "query" | "mutation" | "subscription";
  readonly name: string;
  /** As in the table of who may use what, such as `Query.viewer`. */
  readonly coordinate: string;
  /** The arguments, and what is asked for. */
  readonly asks: string;
  /** Nothing of a field that no key may use. */
  readonly told: Told | undefined;
}

type Line = readonly [asks: string, told?: Told];

/** Of a mutation it is seen that it was let in by its finding nothing: it is given ids that lead nowhere. */
const nothingToChange: Told = () => notFound;

const queries: Readonly<Record<string, Line>> = {
  viewer: [
    `{ kind app { id } permissions { agents runtime } }`,
    ({ permissions, holdings }) => ({ kind: "API_KEY", app: { id: holdings.app }, permissions }),
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
    ({ holdings }, isOwn) => (isOwn ? { nodes: [{ id: holdings.agent }] } : notFound),
  ],
  agent: [`(id: $agent) { id }`, ({ holdings }, isOwn) => (isOwn ? { id: holdings.agent } : null)],
  sessions: [
    `(appId: $app) { nodes { id } }`,
    ({ holdings }, isOwn) => (isOwn ? { nodes: [{ id: holdings.session }] } : notFound),
  ],
  session: [`(id: $session) { id }`, ({ holdings }, isOwn) => (isOwn ? { id: holdings.session } : null)],
  // Where it may be downloaded is a secret that is made anew each time.
  documentContent: [`(id: $document) { __typename }`, (_, isOwn) => (isOwn ? { __typename: "DocumentContent" } : null)],
  run: [`(id: $run) { id }`, ({ holdings }, isOwn) => (isOwn ? { id: holdings.run } : null)],
  callbackDeliveries: [
    `(runId: $run) { nodes { id } }`,
    ({ holdings }, isOwn) => ({ nodes: isOwn ? [{ id: holdings.callbackDelivery }] : [] }),
  ],
};

/** With the ids of an app, each of them would leave something behind there. */
const mutations: Readonly<Record<string, Line>> = {
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
  createAgent: [`(input: { appId: $app, name: "mine" }) { agent { id } }`, nothingToChange],
  updateAgent: [`(input: { id: $agent, description: "mine" }) { agent { id } }`, nothingToChange],
  deleteAgent: [`(input: { id: $agent }) { id }`, nothingToChange],
  createSession: [`(input: { appId: $app }) { session { id } }`, nothingToChange],
  terminateSession: [`(input: { id: $session }) { session { id } }`, nothingToChange],
  uploadDocument: [`(input: { sessionId: $session, file: $file }) { document { id } }`, nothingToChange],
  deleteDocument: [`(input: { id: $document }) { id }`, nothingToChange],
  executeAgent: [`(input: { agentId: $agent, text: "Hello", waitMs: 0 }) { replayed }`, nothingToChange],
  cancelRun: [`(input: { id: $run }) { run { id } }`, nothingToChange],
  redeliverCallback: [`(input: { id: $callbackDelivery }) { callbackDelivery { id } }`, nothingToChange],
};

/** What happened in a run without documents: it was started, it said that there are none, and it was finished. */
const subscriptions: Readonly<Record<string, Line>> = {
  runEvents: [`(runId: $run) { index }`, (_, isOwn) => (isOwn ? [{ index: 0 }, { index: 1 }, { index: 2 }] : notFound)],
};

const fieldsOf = (kind: RootField["kind"], type: string, lines: Readonly<Record<string, Line>>): RootField[] =>
  Object.entries(lines).map(([name, [asks, told]]) => ({ kind, name, coordinate: `${type}.${name}`, asks, told }));

/** How to ask for each root field of this API, by hand. */
export const rootFields: readonly RootField[] = [
  ...fieldsOf("query", "Query", queries),
  ...fieldsOf("mutation", "Mutation", mutations),
  ...fieldsOf("subscription", "Subscription", subscriptions),
];

/** A mutation that a key may use on what its own app has, and that would leave something there; none for some keys. */
export function traceOf({ agents, runtime }: Holder["permissions"]): string | undefined {
  const name =
    (runtime.includes("SESSION_CREATE") && "createSession") ||
    (runtime.includes("SESSION_TERMINATE") && "terminateSession") ||
    (runtime.includes("DOCUMENT_UPLOAD") && "deleteDocument") ||
    (runtime.includes("RUN") && "executeAgent") ||
    ((agents === "EDIT" || agents === "FULL") && "updateAgent");
  return name ? `${name}${mutations[name]?.[0] ?? ""}` : undefined;
}
