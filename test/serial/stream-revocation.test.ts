import { Authenticator } from "../../src/domain/api-key/authenticator";
import { pausedRun, runEvents } from "../support/paused-run";
import { deleteApp, narrow, revocations, revoke } from "../support/revocations";
import { useServer } from "../support/server";
import { type Closing, Connection, type Reader, transports } from "../support/streams";
import { asksForHolders, statementsOf } from "../support/statements";
import type { KeyHolder } from "../support/test-app";
import { TestModel } from "../support/test-model";
import { timingsWithoutPolling } from "../support/timings";

const model = new TestModel();
const server = useServer({}, { "test:model": model }, undefined, timingsWithoutPolling);
afterEach(() => {
  model.release();
  jest.restoreAllMocks();
});

/** Delays the result of the n-th authentication of a key until it is released. */
function delayAuthentication({ secret }: KeyHolder, nth: number): { started: Promise<void>; release: () => void } {
  const { authenticate } = Authenticator.prototype;
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  let times = 0;
  const started = new Promise<void>((resolve) => {
    jest.spyOn(Authenticator.prototype, "authenticate").mockImplementation(async function (
      this: Authenticator,
      credential,
    ) {
      const caller = await authenticate.call(this, credential);
      if (credential.secret === secret && ++times === nth) {
        resolve();
        await released;
      }
      return caller;
    });
  });
  return { started, release };
}

/** Delays the result of the query for the holder of a key until it is released. */
function delayReauthorization({ keyId }: KeyHolder): { started: Promise<void>; release: () => void } {
  const { currentOf } = Authenticator.prototype;
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const started = new Promise<void>((resolve) => {
    jest.spyOn(Authenticator.prototype, "currentOf").mockImplementation(async function (this: Authenticator, callers) {
      const current = await currentOf.call(this, callers);
      if (callers.some((caller) => caller.kind === "API_KEY" && caller.keyId === keyId)) {
        resolve();
        await released;
      }
      return current;
    });
  });
  return { started, release };
}

/** The end of a stream after a revocation: its close code and reason, and its last results. */
async function endAfterRevocation(reader: Reader): Promise<object> {
  const closing = (await reader.end) as Closing | undefined;
  return { code: closing?.code, reason: closing?.reason, results: reader.results.slice(3) };
}
const endOf = (transport: keyof typeof transports, revocation: string): object => {
  const isKeyRevoked = revocation !== "its scope loses what it needs";
  const reason = isKeyRevoked ? { reason: "KEY_REVOKED" } : {};
  const unauthenticated = { message: expect.any(String), extensions: { code: "UNAUTHENTICATED", ...reason } };
  return transport === "WebSocket"
    ? { code: 4403, reason: isKeyRevoked ? "KEY_REVOKED" : "Forbidden", results: [] }
    : { code: undefined, reason: undefined, results: [{ errors: [unauthenticated] }] };
};

test("a finished operation of a WebSocket does not count when the connection is reauthorized", async () => {
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

test("many streams are reauthorized with one statement", async () => {
  const app = await server.current.newApp();
  const scopeId = await app.scope({ runtime: ["RUN"] });
  const keys = await Promise.all(Array.from({ length: 12 }, () => app.key(scopeId)));
  const connections = [...keys, ...keys].map((key) => Connection.of(key));
  await Promise.all(connections.map(({ opened }) => opened));
  const statements = await statementsOf(() => server.current.admin.data(narrow, { id: scopeId, runtime: [] }));
  const keyQueries = statements.filter((statement) => /FROM .api_key/.test(statement));
  expect(keyQueries.map((statement) => statement.match(/\?/g)?.length)).toEqual([keys.length]);
  for (const connection of connections) connection.close();
});

test("a single instance delivers an event without a query for the key", async () => {
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

test("a change causes no query for connections that it does not affect", async () => {
  const { admin } = server.current;
  const [app, otherApp] = await Promise.all([server.current.newApp(), server.current.newApp()]);
  const [open, other] = [await app.key({ runtime: ["RUN"] }), await app.key({ runtime: ["RUN"] })];
  const connections = [Connection.of(open), Connection.of(admin)];
  await Promise.all(connections.map(({ opened }) => opened));
  const statements = await statementsOf(async () => {
    await admin.data(revoke, { id: other.keyId });
    await admin.data(narrow, { id: other.scopeId, runtime: [] });
    await admin.data(deleteApp, { id: otherApp.id });
  });
  expect(statements.filter(asksForHolders)).toEqual([]);
  for (const connection of connections) connection.close();
});

const names = Object.keys(transports) as (keyof typeof transports)[];
describe.each(names)("by %s", (transport) => {
  const read = transports[transport];

  test.each(revocations())(
    "an open stream ends within a second after %s, and delivers no later event",
    async (name, takeAccess) => {
      const app = await server.current.newApp();
      const runId = await pausedRun(app);
      const key = await app.key({ runtime: ["RUN"] });
      const reader = read(key, runEvents, { runId });
      await reader.until(3);

      await takeAccess(server.current.admin, key, app);
      const revokedAt = performance.now();
      model.release();
      expect(await endAfterRevocation(reader)).toEqual(endOf(transport, name));
      expect(performance.now() - revokedAt).toBeLessThan(1_000);
    },
  );

  test("the streams of other keys continue when a key is revoked", async () => {
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

  test("a stream continues when its scope changes but keeps the permissions that it needs", async () => {
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

  test("access that is taken away while a stream opens is noticed", async () => {
    const app = await server.current.newApp();
    const runId = await pausedRun(app);
    const key = await app.key({ runtime: ["RUN"] });

    // Over a WebSocket the first authentication is that of the connection.
    const { started, release } = delayAuthentication(key, transport === "WebSocket" ? 2 : 1);
    const reader = read(key, runEvents, { runId });
    await started;
    await server.current.admin.data(narrow, { id: key.scopeId, runtime: ["SESSION_VIEW"] });
    release();

    expect(await reader.end).toBeDefined();
    expect(reader.results).toEqual([]);
  });

  test("no event is delivered while its stream is reauthorized", async () => {
    const app = await server.current.newApp();
    const runId = await pausedRun(app);
    const key = await app.key({ runtime: ["RUN"] });
    const reader = read(key, runEvents, { runId });
    await reader.until(3);

    const { started, release } = delayReauthorization(key);
    const updated = server.current.admin.data(narrow, { id: key.scopeId, runtime: ["RUN"] });
    await started;
    const witness = read(server.current.admin, runEvents, { runId });
    model.release();
    await witness.all();
    expect(reader.indexes).toEqual([0, 1, 2]);

    release();
    await Promise.all([updated, reader.all()]);
    expect(reader.indexes).toEqual([0, 1, 2, 3, 4]);
  });
});
