import { credentialOf, type WriterClient } from "./writer-client";
import type { KnownApp, KnownKey, KnownRun, KnownSession } from "./ledger";
import { endOf } from "./run-operations";

/** What is told of a thing, by its id: so that what must be there can be compared with what is. */
type Things = Map<string, Readonly<Record<string, unknown>>>;

const thingsOf = (things: readonly Readonly<Record<string, unknown>>[]): Things =>
  new Map(things.map((thing) => [thing["id"] as string, thing]));

/** How many sessions are asked for at once, each with its runs and messages. */
const sessionsAtOnce = 20;

/** Reads through the API what must be there of an app, and says what is missing, what is other, and what nobody made. */
export async function* differencesOf(hand: WriterClient, app: KnownApp): AsyncGenerator<string> {
  yield* keyDifferences(hand, app);
  if (app.isDeleted) {
    const { app: found } = await hand.reads(`query ($id: ID!) { app(id: $id) { id } }`, { id: app.id });
    if (found) yield `the app ${app.id} was deleted, and is there`;
    return;
  }
  const found = await hand.reads(everything, { id: app.id });
  yield* compare("app", thingsOf([knownApp(app)]), thingsOf(found.app ? [readApp(found.app)] : []));
  yield* compare("scope", thingsOf(app.scopes.map((scope) => ({ ...scope }))), thingsOf(found.scopes.nodes));
  yield* compare("key", thingsOf(app.keys.map(knownKey)), thingsOf(found.apiKeys.nodes.map(readKey(app))));
  yield* compare("agent", thingsOf(app.agents.map((agent) => ({ ...agent }))), thingsOf(found.agents.nodes));
  const connections = app.connections.map(({ id, name }) => ({ id, name, hasApiKey: true }));
  yield* compare("model connection", thingsOf(connections), thingsOf(found.modelConnections.nodes));

  const sessions = await readSessions(hand, app);
  yield* compare("session", thingsOf(app.sessions.map(knownSession)), thingsOf(sessions.map(readSession)));
  for (const session of app.sessions) {
    yield* documentDifferences(session, sessions.find(({ id }) => id === session.id)?.documents ?? []);
  }
  const runs = sessions.flatMap((session) => session.runs.nodes as any[]);
  yield* compare("run", thingsOf(app.runs.map(knownRun)), thingsOf(runs.map(readRun(app))));
  yield* callbackDifferences(hand, app);
}

const everything = `query ($id: ID!) {
  app(id: $id) { id name description callbackSecretCreatedAt }
  scopes(appId: $id, first: 200) { nodes { id name description permissions { agents runtime } } }
  apiKeys(appId: $id, first: 200) { nodes { id name revokedAt scope { id } } }
  agents(appId: $id, first: 200) { nodes { id name description model version } }
  modelConnections(appId: $id, first: 200) { nodes { id name hasApiKey } }
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

const knownKey = ({ id, name, scope, revokedAt }: KnownKey) => ({
  id,
  name,
  scope: scope.id,
  revokedAt: revokedAt ?? null,
});
/** When a key was revoked together with its scope was not told. */
const readKey =
  (app: KnownApp) =>
  ({ id, name, scope, revokedAt }: any) => ({
    id,
    name,
    scope: scope.id,
    revokedAt: (revokedAt !== null && app.keys.some((key) => key.id === id && key.revokedAt === true)) || revokedAt,
  });

const knownSession = ({ id, reference, isTerminated }: KnownSession) => ({
  id,
  reference,
  status: isTerminated ? "TERMINATED" : "ACTIVE",
});
const readSession = ({ id, reference, status }: any) => ({ id, reference, status });

/** What was answered of a run's end is its end; of others, there is to be one. */
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
    const isTold = app.runs.some((known) => known.id === id && known.end !== undefined);
    return { id, session: session.id, input, end: isTold || !end ? end : "any" };
  };

async function readSessions(hand: WriterClient, { id }: KnownApp): Promise<any[]> {
  const query = `query ($id: ID!, $after: String) {
    sessions(appId: $id, first: ${sessionsAtOnce}, after: $after) {
      nodes {
        id reference status documents { id sha256 }
        runs(first: 100) { nodes { id input status output finishedAt session { id } } pageInfo { hasNextPage } }
      }
      pageInfo { hasNextPage endCursor }
    }
  }`;
  const sessions: any[] = [];
  for (let after: string | null = null; ;) {
    const { sessions: page }: any = await hand.reads(query, { id, after });
    sessions.push(...page.nodes);
    if (!page.pageInfo.hasNextPage) return sessions;
    after = page.pageInfo.endCursor;
  }
}

function* documentDifferences({ id, documents, doubtful }: KnownSession, found: any[]): Generator<string> {
  const known = documents.map((document) => ({ ...document }));
  const certain = found.filter(({ sha256 }) => !doubtful.has(sha256 as string));
  yield* compare("document", thingsOf(known), thingsOf(certain));
  for (const sha256 of doubtful) {
    const count = found.filter((document) => document.sha256 === sha256).length;
    if (count > 1) yield `a document that was sent once to the session ${id} is there ${count} times`;
  }
}

/** Who has a secret that was answered gets in, until the key is revoked. */
async function* keyDifferences(hand: WriterClient, app: KnownApp): AsyncGenerator<string> {
  for (const key of app.keys) {
    const credential = credentialOf(key);
    if (!credential) continue;
    const { data, code } = await hand.asking.settle(credential, `{ viewer { apiKey { id } } }`, {});
    const isValid = key.revokedAt === undefined && !app.isDeleted;
    if (isValid && data?.viewer.apiKey.id !== key.id) yield `the key ${key.id} was told, and is answered ${code}`;
    if (!isValid && code !== "UNAUTHENTICATED") yield `the key ${key.id} was revoked, and gets in`;
  }
}

/** Who asks again with the same idempotency key is told of the same run. */
export async function* replayDifferences(hand: WriterClient, app: KnownApp): AsyncGenerator<string> {
  if (app.isDeleted) return;
  for (const { id, input } of app.runs) {
    const execute = `mutation ($input: ExecuteAgentInput!) { executeAgent(input: $input) { replayed run { id } } }`;
    const answer = await hand.asking.settle(hand.key(app), execute, { input: { ...input, waitMs: 0 } });
    const { replayed, run } = answer.data?.executeAgent ?? {};
    if (replayed !== true || run.id !== id)
      yield `the run ${id} was asked for again, and there was ${answer.code ?? run.id}`;
  }
}

async function* callbackDifferences(hand: WriterClient, app: KnownApp): AsyncGenerator<string> {
  const query = `query ($id: ID!) { callbackDeliveries(appId: $id, first: 200) { nodes { runId status } } }`;
  const { callbackDeliveries } = await hand.reads(query, { id: app.id });
  const found = thingsOf(callbackDeliveries.nodes.map(({ runId }: any) => ({ id: runId })));
  yield* compare("callback", thingsOf(app.runs.filter((run) => run.hasCallback).map(({ id }) => ({ id }))), found);
  for (const { id, hasCallback, postings } of app.runs) {
    const isDelivered = callbackDeliveries.nodes.some((each: any) => each.runId === id && each.status === "DELIVERED");
    const count = hand.surroundings.receiver.postingsOf(id);
    if (hasCallback && isDelivered && count < postings)
      yield `the run ${id} was posted ${count} times, not ${postings}`;
  }
}

function* compare(what: string, known: Things, found: Things): Generator<string> {
  for (const [id, thing] of known) {
    const other = found.get(id);
    if (!other) yield `the ${what} ${id} is lost`;
    else if (!isSame(thing, other)) {
      yield `the ${what} ${id} is to be ${JSON.stringify(thing)}, and is ${JSON.stringify(other)}`;
    }
  }
  for (const id of found.keys())
    if (!known.has(id)) yield `the ${what} ${id} is there, and nobody made it or all was taken back`;
}

/** Whether all that is known of a thing is so. */
const isSame = (known: object, found: object): boolean =>
  Object.entries(known).every(
    ([name, value]) => JSON.stringify(value) === JSON.stringify((found as Record<string, unknown>)[name]),
  );
