import { Authenticator } from "../../src/domain/api-key/authenticator";
import { pausedRun, runEvents } from "../support/paused-run";
import { deleteApp, narrow, revocations, revoke } from "../support/revocations";
import { useServer } from "../support/server";
import { type Closing, Connection, type Reader, transports } from "../support/streams";
import { asksForHolders, statementsOf } from "../support/statements";
import type { KeyHolder } from "../support/test-app";
import { TestModel } from "../support/test-model";

const model = new TestModel();
const server = useServer({}, { "test:model": model });
afterEach(() => {
  model.release();
  jest.restoreAllMocks();
});

/** Lets the database be asked about a key for the n-th time, and keeps back what it answers. */
function holdAnswer({ secret }: KeyHolder, nth: number): { asked: Promise<void>; answer: () => void } {
  const { authenticate } = Authenticator.prototype;
  let answer = (): void => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  let times = 0;
  const asked = new Promise<void>((resolve) => {
    jest.spyOn(Authenticator.prototype, "authenticate").mockImplementation(async function (this: Authenticator, by) {
      const caller = await authenticate.call(this, by);
      if (by.secret === secret && ++times === nth) {
        resolve();
        await answered;
      }
      return caller;
    });
  });
  return { asked, answer };
}

/** Lets the database be asked who holds a key now, and keeps back what it answers. */
function holdJudgement({ keyId }: KeyHolder): { asked: Promise<void>; answer: () => void } {
  const { holdersOfKeys } = Authenticator.prototype;
  let answer = (): void => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  const asked = new Promise<void>((resolve) => {
    jest.spyOn(Authenticator.prototype, "holdersOfKeys").mockImplementation(async function (this: Authenticator, ids) {
      const holders = await holdersOfKeys.call(this, ids);
      if (ids.includes(keyId)) {
        resolve();
        await answered;
      }
      return holders;
    });
  });
  return { asked, answer };
}

/** How a stream ends of which the rights are gone: the close code, and what is told at last. */
async function revoked(reader: Reader): Promise<object> {
  const cut = (await reader.end) as Closing | undefined;
  return { code: cut?.code, told: reader.results.slice(3) };
}
const unauthenticated = { message: expect.any(String), extensions: { code: "UNAUTHENTICATED" } };
const endOf = {
  WebSocket: { code: 4403, told: [] },
  "server-sent events": { code: undefined, told: [{ errors: [unauthenticated] }] },
};

test("what was asked over a WebSocket and is done does not count when rights are judged again", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const runId = await pausedRun(app);
  const key = await app.key({ agents: "VIEW", runtime: ["RUN"] });
  const done = (await app.run({ agentId: await app.agent() })).id;
  const connection = Connection.of(key);
  const open = connection.read(runEvents, { runId });
  await open.until(3);
  await connection.read(`{ agents { totalCount } }`).all();
  await expect(connection.read(`{ nothing }`).all()).rejects.toThrow(/nothing/);
  const withAgent = `subscription ($runId: ID!) {
    runEvents(runId: $runId) { ... on RunFinished { run { agent { id } } } }
  }`;
  expect((await connection.read(withAgent, { runId: done }).all()).at(-1)?.errors).toBeUndefined();

  await admin.data(narrow, { id: key.scopeId, runtime: ["RUN"] });
  model.release();
  await open.all();
  expect(open.indexes).toEqual([0, 1, 2, 3, 4]);
  connection.close();
});

test("the rights of many streams are judged again by one statement", async () => {
  const app = await server.current.newApp();
  const scopeId = await app.scope({ runtime: ["RUN"] });
  const keys = await Promise.all(Array.from({ length: 12 }, () => app.key(scopeId)));
  const connections = [...keys, ...keys].map((key) => Connection.of(key));
  await Promise.all(connections.map(({ opened }) => opened));
  const statements = await statementsOf(() => server.current.admin.data(narrow, { id: scopeId, runtime: [] }));
  const judging = statements.filter((statement) => /FROM .api_key/.test(statement));
  expect(judging.map((statement) => statement.match(/\?/g)?.length)).toEqual([keys.length]);
  for (const connection of connections) connection.close();
});

test("where nobody else takes rights away, an event is told without asking for them", async () => {
  const app = await server.current.newApp();
  const connection = Connection.of(await app.key({ runtime: ["RUN"] }));
  const open = connection.read(runEvents, { runId: await pausedRun(app) });
  await open.until(3);
  const statements = await statementsOf(async () => {
    model.release();
    await open.all();
  });
  expect(open.indexes).toEqual([0, 1, 2, 3, 4]);
  expect(statements.filter(asksForHolders)).toEqual([]);
  connection.close();
});

test("nobody is asked about whom a change does not concern", async () => {
  const { admin } = server.current;
  const [app, other] = await Promise.all([server.current.newApp(), server.current.newApp()]);
  const [open, beside] = [await app.key({ runtime: ["RUN"] }), await app.key({ runtime: ["RUN"] })];
  const connections = [Connection.of(open), Connection.of(admin)];
  await Promise.all(connections.map(({ opened }) => opened));
  const statements = await statementsOf(async () => {
    await admin.data(revoke, { id: beside.keyId });
    await admin.data(narrow, { id: beside.scopeId, runtime: [] });
    await admin.data(deleteApp, { id: other.id });
  });
  expect(statements.filter(asksForHolders)).toEqual([]);
  for (const connection of connections) connection.close();
});

const names = Object.keys(transports) as (keyof typeof transports)[];
describe.each(names)("by %s", (transport) => {
  const read = transports[transport];

  test.each(revocations())(
    "an open stream ends within a second after %s, and nothing is told of what comes later",
    async (_, end) => {
      const app = await server.current.newApp();
      const runId = await pausedRun(app);
      const key = await app.key({ runtime: ["RUN"] });
      const reader = read(key, runEvents, { runId });
      await reader.until(3);

      await end(server.current.admin, key, app);
      const answered = performance.now();
      model.release();
      expect(await revoked(reader)).toEqual(endOf[transport]);
      expect(performance.now() - answered).toBeLessThan(1_000);
    },
  );

  test("the streams of other keys go on when a key is revoked", async () => {
    const app = await server.current.newApp();
    const runId = await pausedRun(app);
    const [key, other] = [await app.key({ runtime: ["RUN"] }), await app.key({ runtime: ["RUN"] })];
    const readers = [read(other, runEvents, { runId }), read(server.current.admin, runEvents, { runId })];
    await Promise.all(readers.map((reader) => reader.until(3)));

    await server.current.admin.data(revoke, { id: key.keyId });
    model.release();
    for (const reader of readers) {
      await reader.all();
      expect(reader.indexes).toEqual([0, 1, 2, 3, 4]);
    }
  });

  test("a stream goes on while its scope is changed without taking what it needs", async () => {
    const app = await server.current.newApp();
    const runId = await pausedRun(app);
    const key = await app.key({ runtime: ["RUN", "SESSION_VIEW"] });
    const reader = read(key, runEvents, { runId });
    await reader.until(3);

    const { admin } = server.current;
    await admin.data(narrow, { id: key.scopeId, runtime: ["RUN"] });
    await admin.data(narrow, { id: key.scopeId, runtime: ["RUN", "SESSION_VIEW", "DOCUMENT_UPLOAD"] });
    await admin.data(revoke, { id: (await app.key(key.scopeId)).keyId });
    model.release();
    await reader.all();
    expect(reader.indexes).toEqual([0, 1, 2, 3, 4]);
  });

  test("rights that are taken away while a stream is being opened are not overlooked", async () => {
    const app = await server.current.newApp();
    const runId = await pausedRun(app);
    const key = await app.key({ runtime: ["RUN"] });

    // Over a WebSocket the first time is when the connection is let in.
    const { asked, answer } = holdAnswer(key, transport === "WebSocket" ? 2 : 1);
    const reader = read(key, runEvents, { runId });
    await asked;
    await server.current.admin.data(narrow, { id: key.scopeId, runtime: ["SESSION_VIEW"] });
    answer();

    expect(await reader.end).toBeDefined();
    expect(reader.results).toEqual([]);
  });

  test("nothing is told while the rights to it are being judged again", async () => {
    const app = await server.current.newApp();
    const runId = await pausedRun(app);
    const key = await app.key({ runtime: ["RUN"] });
    const reader = read(key, runEvents, { runId });
    await reader.until(3);

    const { asked, answer } = holdJudgement(key);
    const updated = server.current.admin.data(narrow, { id: key.scopeId, runtime: ["RUN"] });
    await asked;
    const witness = read(server.current.admin, runEvents, { runId });
    model.release();
    await witness.all();
    expect(reader.indexes).toEqual([0, 1, 2]);

    answer();
    await Promise.all([updated, reader.all()]);
    expect(reader.indexes).toEqual([0, 1, 2, 3, 4]);
  });
});
