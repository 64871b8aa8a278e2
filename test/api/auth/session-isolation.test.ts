import { randomUUID } from "node:crypto";
import { allowHosts } from "../../support/allowed-hosts";
import { attempted, replaceSecret } from "../../support/callbacks";
import type { GraphQLAnswer } from "../../support/client";
import { mutations, queries } from "../../support/cross-tenant-arguments";
import { useReceiver } from "../../support/receiver";
import { eventsOf, execute, executeAgent, finishRuns, finished } from "../../support/runs";
import { useServer } from "../../support/server";
import { overSse, overWebSocket } from "../../support/stream-clients";
import { transports } from "../../support/streams";
import { allPermissions, type KeyHolder, type TestApp } from "../../support/test-app";
import { TestModel } from "../../support/test-model";

const receiver = useReceiver();
const model = new TestModel();
const server = useServer({ ...allowHosts("127.0.0.1") }, { "test:model": model });
afterEach(() => finishRuns(server.current, model));
const confined = { ...allPermissions, sessions: "OWN" } as const;

const createSession = `mutation ($input: CreateSessionInput!) { createSession(input: $input) { session { id } } }`;
const setSessions = `mutation ($id: ID!, $sessions: SessionAccess!) {
  updateScope(input: { id: $id, permissions: { agents: FULL, runtime: [RUN, SESSION_CREATE, SESSION_VIEW], sessions: $sessions } }) {
    scope { permissions { sessions } }
  }
}`;

/** Opens a session with one object of each kind in it. */
async function createSessionOf(key: KeyHolder, app: TestApp, agent: string) {
  const texts = { reference: randomUUID(), userReference: randomUUID() };
  const session = (await key.data(createSession, { input: texts })).createSession.session.id as string;
  const document = await app.document(session);
  const idempotencyKey = randomUUID();
  const callbackUrl = receiver.current.url("/");
  const { run } = await execute(key, { agentId: agent, session: { id: session }, idempotencyKey, callbackUrl });
  const { id: callbackDelivery } = await attempted(key, run.id as string);
  return {
    ...texts,
    session,
    document,
    run: run.id as string,
    callbackDelivery: callbackDelivery as string,
    idempotencyKey,
  };
}

let app: TestApp;
let agent: string;
let stranger: KeyHolder;
let key: KeyHolder;
let foreign: Awaited<ReturnType<typeof createSessionOf>>;

beforeAll(async () => {
  app = await server.current.newApp();
  await replaceSecret(server.current.admin, app.id);
  agent = await app.agent();
  stranger = await app.key();
  key = await app.key(confined);
  foreign = await createSessionOf(stranger, app, agent);
});

const kinds = [
  "session",
  "document",
  "run",
  "callbackDelivery",
  "reference",
  "userReference",
  "idempotencyKey",
] as const;
const isForeign = (names: string): names is (typeof kinds)[number] => kinds.some((kind) => kind === names);
const rowsOf = (rows: typeof queries) => rows.filter(([, names]) => isForeign(names));

describe.each([
  ["query", rowsOf(queries)],
  ["mutation", rowsOf(mutations)],
] as const)("in a %s of a key that is confined to the sessions of its scope", (kind, rows) => {
  test.each(rows)(
    "%s: a %s of another scope's session is indistinguishable from an unknown one",
    async (_, names, field, answer) => {
      if (!isForeign(names)) throw new Error("Not an object of a session");
      // A scope of its own: with the reference of another one a row before may have opened a session.
      const key = await app.key(confined);
      const type = ["reference", "userReference", "idempotencyKey"].includes(names) ? "String!" : "ID!";
      const own = {
        agent,
        app: app.id,
        session: (await key.data(createSession, { input: {} })).createSession.session.id,
      };
      const used = Object.keys(own).filter((name) => field.includes(`$${name}`));
      const declared = [`$it: ${type}`, ...used.map((name) => `$${name}: ID!`)].join(", ");
      const ask = (it: string) => key.send(`${kind} (${declared}) { ${field} }`, { ...own, it });

      const [ofForeign, ofUnknown] = [await ask(foreign[names]), await ask(randomUUID())];
      expect([ofForeign.status, ofForeign.text]).toEqual([ofUnknown.status, ofUnknown.text]);
      const { data, errors } = ofForeign.body as GraphQLAnswer;
      const code = errors?.[0]?.extensions.code;
      if (answer === "null") expect([code, ...Object.values(data)]).toEqual([undefined, null]);
      else expect(code).toBe(answer === "as if unused" ? undefined : answer);
    },
  );
});

test("an upload to another scope's session is indistinguishable from one to an unknown session", async () => {
  const [ofForeign, ofUnknown] = [await key.upload(foreign.session, "x"), await key.upload(randomUUID(), "x")];
  expect([ofForeign.status, ofForeign.text]).toEqual([ofUnknown.status, ofUnknown.text]);
  expect(ofForeign.text).toContain("NOT_FOUND");
});

test("the events of another scope's run are indistinguishable from those of an unknown run, over both transports", async () => {
  const query = `subscription ($it: ID!) { runEvents(runId: $it) { index } }`;
  const ask = async (it: string) => (await overSse(key, query, { variables: { it } })).text;
  expect(await ask(foreign.run)).toBe(await ask(randomUUID()));
  const overSocket = (it: string) => overWebSocket(key, query, { variables: { it } });
  expect(await overSocket(foreign.run)).toEqual(await overSocket(randomUUID()));
});

test("a confined key lists and uses what keys of its scope opened, and nothing else", async () => {
  const one = await app.key(confined);
  const other = await app.key(one.scopeId);
  const mine = await createSessionOf(one, app, agent);
  const { sessions } = await other.data(`{ sessions { totalCount nodes { id reference userReference } } }`);
  const { reference, userReference } = mine;
  expect(sessions).toEqual({ totalCount: 1, nodes: [{ id: mine.session, reference, userReference }] });
  expect((await eventsOf(other, mine.run)).length).toBeGreaterThan(1);
  const found = await execute(other, { agentId: agent, session: { reference, userReference } });
  expect(found).toMatchObject({ sessionCreated: false, session: { id: mine.session } });
  expect(await other.code(createSession, { input: { reference } })).toBe("CONFLICT");
});

test("the references of a confined scope are its own: the same one names another session for other keys", async () => {
  const [reference, others] = [randomUUID(), await app.key()];
  const mine = await execute(key, { agentId: agent, session: { reference } });
  const theirs = await execute(others, { agentId: agent, session: { reference } });
  expect([mine.sessionCreated, theirs.sessionCreated]).toEqual([true, true]);
  expect((await execute(key, { agentId: agent, session: { reference } })).session.id).toBe(mine.session.id);
  expect((await execute(others, { agentId: agent, session: { reference } })).session.id).toBe(theirs.session.id);

  const list = `query ($reference: String!) { sessions(filter: { reference: $reference }) { nodes { id } totalCount } }`;
  const only = ({ session: { id } }: { session: { id: string } }) => ({ totalCount: 1, nodes: [{ id }] });
  expect((await others.data(list, { reference })).sessions).toEqual(only(theirs));
  expect((await key.data(list, { reference })).sessions).toEqual(only(mine));

  const terminate = `mutation ($reference: String!) { terminateSession(input: { reference: $reference }) { session { id } } }`;
  for (let i = 0; i < 2; i++) {
    expect((await key.data(terminate, { reference })).terminateSession.session.id).toBe(mine.session.id);
  }
  expect((await execute(others, { agentId: agent, session: { reference } })).session.id).toBe(theirs.session.id);
});

test("of several concurrent executions of a confined scope with one reference, exactly one opens the session", async () => {
  const session = { reference: randomUUID() };
  const answers = await Promise.all(Array.from({ length: 5 }, () => execute(key, { agentId: agent, session })));
  expect(answers.filter(({ sessionCreated }) => sessionCreated)).toHaveLength(1);
  expect(new Set(answers.map(({ session }) => session.id)).size).toBe(1);
});

test("a scope that is confined later keeps the sessions that it opened, by id and by reference", async () => {
  const holder = await app.key();
  const reference = randomUUID();
  const opened = await execute(holder, { agentId: agent, session: { reference } });
  const idempotencyKey = randomUUID();
  const inForeign = { agentId: agent, session: { id: foreign.session }, idempotencyKey };
  await execute(holder, inForeign);
  await server.current.admin.data(setSessions, { id: holder.scopeId, sessions: "OWN" });

  const { viewer, sessions } = await holder.data(`{ viewer { permissions { sessions } } sessions { nodes { id } } }`);
  expect([viewer.permissions.sessions, sessions.nodes]).toEqual(["OWN", [{ id: opened.session.id }]]);
  expect((await execute(holder, { agentId: agent, session: { reference } })).session.id).toBe(opened.session.id);
  expect(await holder.code(createSession, { input: { reference } })).toBe("CONFLICT");
  // Repeating an execution does not show what happens in a session that is out of reach now.
  expect(await holder.code(executeAgent, { input: { text: "one two", ...inForeign } })).toBe("NOT_FOUND");
});

test.each(Object.entries(transports))("an open stream over %s ends when its scope is confined", async (_, open) => {
  const holder = await app.key();
  const agentId = await app.agent({ model: "test:model" });
  const { run } = await execute(stranger, { agentId, waitMs: 0, text: "hold on" });
  const stream = open(holder, `subscription ($id: ID!) { runEvents(runId: $id) { index } }`, { id: run.id });
  await stream.until(1);
  await server.current.admin.data(setSessions, { id: holder.scopeId, sessions: "OWN" });
  await stream.end;
  // The run goes on, and the reader learns no more of it.
  await model.releaseAll();
  const { status } = await finished(stranger, run.id as string);
  expect([status, stream.results.filter(({ data }) => data?.runEvents.index > 1)]).toEqual(["SUCCEEDED", []]);
});

test("a link for a download is void once its scope is confined to other sessions", async () => {
  const holder = await app.key();
  const link = `query ($id: ID!) { documentContent(id: $id) { url } }`;
  const { url } = (await holder.data(link, { id: foreign.document })).documentContent;
  const download = async () => (await fetch(new URL(url as string, server.current.url))).status;
  expect(await download()).toBe(200);
  await server.current.admin.data(setSessions, { id: holder.scopeId, sessions: "OWN" });
  expect(await download()).toBe(404);
});
