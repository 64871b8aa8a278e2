import { Authenticator } from "../src/api-key/authenticator";
import * as runEvents from "../src/run/run-events";
import type { StoredRunEvent } from "../src/run/run-event.entity";
import { RunStarted } from "../src/run/run-event.entity";
import { createTestLog } from "./support/log";
import { deleteApp, narrow, revocations, revoke } from "./support/revocations";
import { useServer } from "./support/server";
import { type Closing, Connection, type Reader, transports } from "./support/streams";
import { asksForHolders, statementsOf } from "./support/statements";
import type { KeyHolder, TestApp } from "./support/test-app";
import { TestModel } from "./support/test-model";

const model = new TestModel();
const { log, lines } = createTestLog();
const server = useServer({}, { "test:model": model }, log);
afterEach(() => {
  model.release();
  jest.restoreAllMocks();
});

const events = `subscription ($runId: ID!, $after: Int) {
  runEvents(runId: $runId, after: $after) {
    __typename index runId ... on RunOutput { text } ... on RunFinished { run { status output } }
  }
}`;

/** A run that goes on until the model is released. */
async function heldRun(app: TestApp, text = "one hold two"): Promise<string> {
  const { id } = await app.run({ agentId: await app.agent({ model: "test:model" }), text, waitMs: 0 });
  return id;
}

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
  const runId = await heldRun(app);
  const key = await app.key({ agents: "VIEW", runtime: ["RUN"] });
  const done = (await app.run({ agentId: await app.agent() })).id;
  const connection = Connection.of(key);
  const open = connection.read(events, { runId });
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

  test("a reader gets each event of a run once, from the first to the last, as they happen", async () => {
    const app = await server.current.newApp();
    const runId = await heldRun(app);
    const reader = read(await app.key({ runtime: ["RUN"] }), events, { runId });
    await reader.until(3);
    expect(reader.indexes).toEqual([0, 1, 2]);

    model.release();
    expect((await reader.all()).map(({ data }) => data.runEvents)).toEqual([
      { __typename: "RunStarted", index: 0, runId },
      { __typename: "RunOutput", index: 1, runId, text: "one " },
      { __typename: "RunOutput", index: 2, runId, text: "hold " },
      { __typename: "RunOutput", index: 3, runId, text: "two " },
      { __typename: "RunFinished", index: 4, runId, run: { status: "SUCCEEDED", output: "one hold two " } },
    ]);
  });

  test("a run that has finished is told again, whole or from behind any event, as often as asked", async () => {
    const app = await server.current.newApp();
    const { id: runId } = await app.run({ agentId: await app.agent({ model: "test:model" }), text: "a b c" });
    const key = await app.key({ runtime: ["RUN"] });
    const indexesAfter = async (after?: number | null) => {
      const reader = read(key, events, { runId, after });
      await reader.all();
      return reader.indexes;
    };
    expect(await indexesAfter()).toEqual([0, 1, 2, 3, 4]);
    expect(await indexesAfter(null)).toEqual([0, 1, 2, 3, 4]);
    expect(await indexesAfter(-1)).toEqual([0, 1, 2, 3, 4]);
    expect(await indexesAfter(0)).toEqual([1, 2, 3, 4]);
    expect(await indexesAfter(3)).toEqual([4]);
    expect(await indexesAfter(4)).toEqual([]);
    expect(await indexesAfter(2_000_000_000)).toEqual([]);
    expect(await indexesAfter()).toEqual([0, 1, 2, 3, 4]);
  });

  test("many readers of one run get the same, whenever they come", async () => {
    const app = await server.current.newApp();
    const runId = await heldRun(app, "one hold two hold three");
    const key = await app.key({ runtime: ["RUN"] });
    const early = Array.from({ length: 4 }, () => read(key, events, { runId }));
    await Promise.all(early.map((reader) => reader.until(3)));
    model.release();
    await early[0]?.until(5);
    const late = Array.from({ length: 4 }, () => read(key, events, { runId }));
    await Promise.all(late.map((reader) => reader.until(5)));
    model.release();

    for (const reader of [...early, ...late]) {
      await reader.all();
      expect(reader.indexes).toEqual([0, 1, 2, 3, 4, 5, 6]);
    }
  });

  test("a reader that was gone for a while goes on where it was, and the run does not care", async () => {
    const app = await server.current.newApp();
    const runId = await heldRun(app, "one hold two hold three");
    const key = await app.key({ runtime: ["RUN"] });
    const gone = read(key, events, { runId });
    await gone.until(3);
    await gone.leave();
    model.release();

    const back = read(key, events, { runId, after: gone.indexes.at(-1) });
    await back.until(2);
    model.release();
    await back.all();
    expect([...gone.indexes, ...back.indexes]).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  test("a run that does not exist and one of another app are answered alike", async () => {
    const [app, other] = [await server.current.newApp(), await server.current.newApp()];
    const { id: foreign } = await other.run({ agentId: await other.agent() });
    const key = await app.key({ runtime: ["RUN"] });
    const answerTo = async (runId: string) => {
      const reader = read(key, events, { runId });
      return JSON.stringify([await reader.end, reader.results]);
    };
    const unknown = await answerTo("00000000-0000-7000-8000-000000000000");
    expect(unknown).toContain('"code":"NOT_FOUND"');
    expect(await answerTo(foreign)).toBe(unknown);
  });

  test("queries and mutations are answered like requests", async () => {
    const app = await server.current.newApp();
    const key = await app.key({ agents: "FULL" });
    const create = `mutation ($name: String!) { createAgent(input: { name: $name }) { agent { id name } } }`;
    const [created] = await read(key, create, { name: "Ada" }).all();
    const [listed] = await read(key, `{ agents { nodes { id name } } }`).all();
    expect(listed).toEqual({ data: { agents: { nodes: [created?.data.createAgent.agent] } } });

    const [again] = await read(key, create, { name: "Ada" }).all();
    expect(again?.errors?.[0]?.extensions.code).toBe("CONFLICT");
  });

  test.each(revocations())(
    "an open stream ends within a second after %s, and nothing is told of what comes later",
    async (_, end) => {
      const app = await server.current.newApp();
      const runId = await heldRun(app);
      const key = await app.key({ runtime: ["RUN"] });
      const reader = read(key, events, { runId });
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
    const runId = await heldRun(app);
    const [key, other] = [await app.key({ runtime: ["RUN"] }), await app.key({ runtime: ["RUN"] })];
    const readers = [read(other, events, { runId }), read(server.current.admin, events, { runId })];
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
    const runId = await heldRun(app);
    const key = await app.key({ runtime: ["RUN", "SESSION_VIEW"] });
    const reader = read(key, events, { runId });
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
    const runId = await heldRun(app);
    const key = await app.key({ runtime: ["RUN"] });

    // Over a WebSocket the first time is when the connection is let in.
    const { asked, answer } = holdAnswer(key, transport === "WebSocket" ? 2 : 1);
    const reader = read(key, events, { runId });
    await asked;
    await server.current.admin.data(narrow, { id: key.scopeId, runtime: ["SESSION_VIEW"] });
    answer();

    expect(await reader.end).toBeDefined();
    expect(reader.results).toEqual([]);
  });

  test("nothing is told while the rights to it are being judged again", async () => {
    const app = await server.current.newApp();
    const runId = await heldRun(app);
    const key = await app.key({ runtime: ["RUN"] });
    const reader = read(key, events, { runId });
    await reader.until(3);

    const { asked, answer } = holdJudgement(key);
    const updated = server.current.admin.data(narrow, { id: key.scopeId, runtime: ["RUN"] });
    await asked;
    const witness = read(server.current.admin, events, { runId });
    model.release();
    await witness.all();
    expect(reader.indexes).toEqual([0, 1, 2]);

    answer();
    await Promise.all([updated, reader.all()]);
    expect(reader.indexes).toEqual([0, 1, 2, 3, 4]);
  });

  test("what fails within a stream is told without its words, and ends it in order", async () => {
    const app = await server.current.newApp();
    const { id: runId } = await app.run({ agentId: await app.agent({ model: "test:model" }) });
    jest.spyOn(runEvents, "readRunEvents").mockImplementation(async function* () {
      yield await Promise.resolve(new RunStarted({ position: 0, runId } as StoredRunEvent));
      throw new Error("swordfish");
    });
    const [first, last, ...more] = await read(await app.key({ runtime: ["RUN"] }), events, { runId }).all();
    expect(first?.data.runEvents.index).toBe(0);
    expect(last?.errors?.[0]?.extensions.code).toBe("INTERNAL_SERVER_ERROR");
    expect(JSON.stringify(last)).not.toContain("swordfish");
    expect(more).toEqual([]);
    expect(lines.at(-1)).toContain("swordfish");
    expect(JSON.parse(lines.at(-1) ?? "{}")).toHaveProperty("requestId");
  });
});
