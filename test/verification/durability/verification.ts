import { credentialOf, type WriterClient } from "./writer-client";
import type { KnownApp, KnownKey, KnownRun, KnownSession } from "./ledger";
import { administratorViolations } from "./administrator-operations";
import { endOf } from "./run-operations";

/** Objects by id. */
type Objects = Map<string, Readonly<Record<string, unknown>>>;

const byId = (objects: readonly Readonly<Record<string, unknown>>[]): Objects =>
  new Map(objects.map((object) => [object["id"] as string, object]));

/** Small, because each session comes with its runs and documents. */
const sessionPageSize = 20;

/** Reads an app through the API: finds lost writes, wrong values, and objects that nobody created. */
export async function* findAppViolations(client: WriterClient, app: KnownApp): AsyncGenerator<string> {
  yield* keyViolations(client, app);
  yield* administratorViolations(client, app);
  if (app.isDeleted) {
    const { app: found } = await client.query(`query ($id: ID!) { app(id: $id) { id } }`, { id: app.id });
    if (found) yield `the app ${app.id} was deleted, but exists`;
    return;
  }
  const found = await client.query(appContents, { id: app.id });
  yield* compare("app", byId([knownApp(app)]), byId(found.app ? [readApp(found.app)] : []));
  yield* compare("scope", byId(app.scopes.map((scope) => ({ ...scope }))), byId(found.scopes.nodes));
  yield* compare("key", byId(app.keys.map(knownKey)), byId(found.apiKeys.nodes.map(readKey(app))));
  yield* compare("agent", byId(app.agents.map((agent) => ({ ...agent }))), byId(found.agents.nodes));
  const connections = app.connections.map(({ id, name }) => ({ id, name, hasApiKey: true }));
  yield* compare("model connection", byId(connections), byId(found.modelConnections.nodes));
  const toolServers = app.toolServers.map(({ id, name }) => ({ id, name, headerNames: ["x-token"] }));
  yield* compare("tool server", byId(toolServers), byId(found.toolServers.nodes));

  const sessions = await readSessions(client, app);
  yield* compare("session", byId(app.sessions.map(knownSession)), byId(sessions.map(readSession)));
  for (const session of app.sessions) {
    yield* documentViolations(session, sessions.find(({ id }) => id === session.id)?.documents ?? []);
  }
  const runs = sessions.flatMap((session) => session.runs.nodes as any[]);
  yield* compare("run", byId(app.runs.map(knownRun)), byId(runs.map(readRun(app))));
  yield* callbackViolations(client, app);
}

const appContents = `query ($id: ID!) {
  app(id: $id) { id name description callbackSecretCreatedAt }
  scopes(appId: $id, first: 200) { nodes { id name description permissions { agents runtime } } }
  apiKeys(appId: $id, first: 200) { nodes { id name revokedAt limits { tokensPerDay } scope { id } } }
  agents(appId: $id, first: 200) { nodes { id name description model version } }
  modelConnections(appId: $id, first: 200) { nodes { id name hasApiKey } }
  toolServers(appId: $id, first: 200) { nodes { id name headerNames } }
}`;

const knownApp = ({ id, name, description, callbackSecret }: KnownApp) => ({
  id,
  name,
  description,
  hasCallbackSecret: callbackSecret !== undefined,
});
const readApp = ({ callbackSecretCreatedAt, ...app }: any) => ({
  ...app,
  hasCallbackSecret: callbackSecretCreatedAt !== null,
});

const knownKey = ({ id, name, tokensPerDay, scope, revokedAt }: KnownKey) => ({
  id,
  name,
  tokensPerDay,
  scope: scope.id,
  revokedAt: revokedAt ?? null,
});
/** The time of a revocation together with the scope is unknown. */
const readKey =
  (app: KnownApp) =>
  ({ id, name, limits, scope, revokedAt }: any) => ({
    id,
    name,
    tokensPerDay: limits.tokensPerDay,
    scope: scope.id,
    revokedAt: (revokedAt !== null && app.keys.some((key) => key.id === id && key.revokedAt === true)) || revokedAt,
  });

const knownSession = ({ id, reference, isTerminated }: KnownSession) => ({
  id,
  reference,
  status: isTerminated ? "TERMINATED" : "ACTIVE",
});
const readSession = ({ id, reference, status }: any) => ({ id, reference, status });

/** A run must have the end that a response reported, or else any end. */
const knownRun = ({ id, session, input, end }: KnownRun) => ({
  id,
  session: session.id,
  input: input.text,
  end: end ?? "any",
});
const readRun =
  (app: KnownApp) =>
  ({ id, session, input, ...run }: any) => {
    const end = endOf(run);
    const isReported = app.runs.some((known) => known.id === id && known.end !== undefined);
    return { id, session: session.id, input, end: isReported || !end ? end : "any" };
  };

async function readSessions(client: WriterClient, { id }: KnownApp): Promise<any[]> {
  const query = `query ($id: ID!, $after: String) {
    sessions(appId: $id, first: ${sessionPageSize}, after: $after) {
      nodes {
        id reference status documents { id sha256 }
        runs(first: 100) { nodes { id input status output finishedAt session { id } } pageInfo { hasNextPage } }
      }
      pageInfo { hasNextPage endCursor }
    }
  }`;
  const sessions: any[] = [];
  for (let after: string | null = null; ;) {
    const { sessions: page }: any = await client.query(query, { id, after });
    sessions.push(...page.nodes);
    if (!page.pageInfo.hasNextPage) return sessions;
    after = page.pageInfo.endCursor;
  }
}

function* documentViolations({ id, documents, indeterminate }: KnownSession, found: any[]): Generator<string> {
  const known = documents.map((document) => ({ ...document }));
  const certain = found.filter(({ sha256 }) => !indeterminate.has(sha256 as string));
  yield* compare("document", byId(known), byId(certain));
  for (const sha256 of indeterminate) {
    const count = found.filter((document) => document.sha256 === sha256).length;
    if (count > 1) yield `a document that was uploaded once to the session ${id} exists ${count} times`;
  }
}

/** A secret that was returned authenticates until its key is revoked. */
async function* keyViolations(client: WriterClient, app: KnownApp): AsyncGenerator<string> {
  for (const key of app.keys) {
    const credential = credentialOf(key);
    if (!credential) continue;
    const { data, code } = await client.http.send(credential, `{ viewer { apiKey { id } } }`, {});
    const isValid = key.revokedAt === undefined && !app.isDeleted;
    if (isValid && data?.viewer.apiKey.id !== key.id) yield `the key ${key.id} is valid, but was refused with ${code}`;
    if (!isValid && code !== "UNAUTHENTICATED") yield `the key ${key.id} is revoked, but was accepted`;
  }
}

/** Executing again with the same idempotency key returns the same run. */
export async function* findReplayViolations(client: WriterClient, app: KnownApp): AsyncGenerator<string> {
  if (app.isDeleted) return;
  for (const { id, input } of app.runs) {
    const execute = `mutation ($input: ExecuteAgentInput!) { executeAgent(input: $input) { replayed run { id } } }`;
    const response = await client.http.send(client.credentialOf(app), execute, { input: { ...input, waitMs: 0 } });
    const { replayed, run } = response.data?.executeAgent ?? {};
    if (replayed !== true || run.id !== id) yield `a replay of the run ${id} returned ${response.code ?? run.id}`;
  }
}

async function* callbackViolations(client: WriterClient, app: KnownApp): AsyncGenerator<string> {
  const query = `query ($id: ID!) { callbackDeliveries(appId: $id, first: 200) { nodes { runId status } } }`;
  const { callbackDeliveries } = await client.query(query, { id: app.id });
  const found = byId(callbackDeliveries.nodes.map(({ runId }: any) => ({ id: runId })));
  yield* compare("callback", byId(app.runs.filter((run) => run.hasCallback).map(({ id }) => ({ id }))), found);
  for (const { id, hasCallback, minDeliveries } of app.runs) {
    const isDelivered = callbackDeliveries.nodes.some((each: any) => each.runId === id && each.status === "DELIVERED");
    const count = client.services.receiver.countOf(id);
    if (hasCallback && isDelivered && count < minDeliveries) {
      yield `the callback of the run ${id} was delivered ${count} times, instead of at least ${minDeliveries}`;
    }
  }
}

function* compare(kind: string, expected: Objects, actual: Objects): Generator<string> {
  for (const [id, object] of expected) {
    const found = actual.get(id);
    if (!found) yield `the ${kind} ${id} is lost`;
    else if (!matches(object, found)) {
      yield `the ${kind} ${id} must be ${JSON.stringify(object)}, but is ${JSON.stringify(found)}`;
    }
  }
  for (const id of actual.keys()) {
    if (!expected.has(id)) yield `the ${kind} ${id} exists, but nobody created it or it was rolled back`;
  }
}

/** Whether every expected property has its expected value. */
const matches = (expected: object, actual: object): boolean =>
  Object.entries(expected).every(
    ([name, value]) => JSON.stringify(value) === JSON.stringify((actual as Record<string, unknown>)[name]),
  );
