import { randomBytes, randomUUID } from "node:crypto";
import { readDocument } from "../../support/documents";
import { eventually } from "../../support/runs";
import { useServer } from "../../support/server";
import { changesOf } from "../../support/statements";
import type { TestApp } from "../../support/test-app";

/** The limits of one transaction. */
const maxRows = 250;
const maxBytes = 2_000_000;

const server = useServer();
const now = "2026-01-01 12:00:00.000";
const deleteApp = `mutation ($id: ID!) { deleteApp(input: { id: $id }) { id } }`;

const times = <Item>(count: number, item: (i: number) => Item): Item[] =>
  Array.from({ length: count }, (_, i) => item(i));

/** Inserts rows in one statement; the API takes them one by one. */
const insert = (table: string, columns: string, rows: string[]) =>
  server.current.sql(`INSERT INTO ${table} (${columns}) VALUES ${rows.map((row) => `(${row})`).join(", ")}`);

/** Inserts one run for each number of events. */
async function insertRuns(app: TestApp, sessionId: string, eventCounts: number[]): Promise<void> {
  const runs = eventCounts.map((eventCount) => ({ id: randomUUID(), eventCount }));
  await insert(
    "run",
    "id, appId, sessionId, agentId, status, input, citations, eventCount, createdAt",
    runs.map(
      ({ id, eventCount }) => `'${id}', '${app.id}', '${sessionId}', '', 'FAILED', '', '[]', ${eventCount}, '${now}'`,
    ),
  );
  const events = runs.flatMap(({ id, eventCount }) => times(eventCount, (i) => `'${id}', ${i}, 'OUTPUT', '${now}'`));
  await insert("run_event", "runId, position, type, createdAt", events);
}

const insertMessages = (sessionId: string, texts: string[]) =>
  insert(
    "message",
    "id, sessionId, runId, role, text, createdAt",
    texts.map((text) => `'${randomUUID()}', '${sessionId}', '', 'USER', '${text}', '${now}'`),
  );

const insertKeys = (app: TestApp, scopeId: string, count: number) =>
  insert(
    "api_key",
    "id, appId, scopeId, name, hint, digest, createdAt",
    times(
      count,
      (i) =>
        `'${randomUUID()}', '${app.id}', '${scopeId}', '${i}', '', X'${randomBytes(32).toString("hex")}', '${now}'`,
    ),
  );

const sum = (changes: readonly Record<string, number>[]): Record<string, number> => {
  const total: Record<string, number> = {};
  for (const [table, rows] of changes.flatMap(Object.entries)) total[table] = (total[table] ?? 0) + (rows as number);
  return total;
};

const maxRowsOf = (changes: readonly Record<string, number>[]): number =>
  Math.max(...changes.map((tables) => Object.values(tables).reduce((sum, rows) => sum + rows, 0)));

test("an app is deleted in batches, and no row is deleted by cascade", async () => {
  const app = await server.current.newApp();
  const scopeId = await app.scope({});
  await insertKeys(app, scopeId, 300);
  await app.agent();
  await app.modelConnection("https://models.example.com/v1");
  const sessionIds = [await app.session(), await app.session()] as const;
  await app.document(sessionIds[0]);
  await readDocument(server.current.admin, sessionIds[0]);
  await insertRuns(app, sessionIds[0], [700, ...times(300, (i) => i % 4)]);
  await insertMessages(
    sessionIds[0],
    times(400, () => "hello"),
  );
  await insertMessages(
    sessionIds[1],
    times(200, () => "hello"),
  );

  const changes = await changesOf(() => server.current.admin.data(deleteApp, { id: app.id }));
  expect(sum(changes)).toEqual({
    scope: 2,
    agent: 1,
    run_event: 1_150,
    run: 301,
    message: 600,
    document: 1,
    session: 2,
    api_key: 300,
    model_connection: 1,
    app: 2,
    audit_head: 1,
  });
  expect(maxRowsOf(changes)).toBeLessThanOrEqual(maxRows);
});

test("a batch has fewer rows if their texts are long", async () => {
  const app = await server.current.newApp();
  const sessionId = await app.session();
  await insertMessages(
    sessionId,
    [300_000, 300_000, 900_000, 2_500_000, 600_000, 300_000, 300_000].map((length) => "x".repeat(length)),
  );
  const lengths = (await server.current.sql("SELECT LENGTH(text) AS length FROM message ORDER BY id DESC")).map(
    ({ length }) => Number(length),
  );

  const changes = await changesOf(() => server.current.admin.data(deleteApp, { id: app.id }));
  const batches = changes.flatMap(({ message: count = 0 }) => (count > 0 ? [lengths.splice(0, count)] : []));
  expect(lengths).toEqual([]);
  const tooLarge = batches.filter((batch) => batch.length > 1 && batch.reduce((a, b) => a + b) > maxBytes);
  expect(tooLarge).toEqual([]);
});

test("an interrupted deletion has already ended the app and its keys, and the next start completes it", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const key = await app.key();
  const sessionId = await app.session();
  await insertRuns(
    app,
    sessionId,
    times(2_000, () => 5),
  );

  const deletion = admin.code(deleteApp, { id: app.id });
  await eventually(async () => (await key.code(`{ viewer { name } }`)) === "UNAUTHENTICATED");
  await server.current.restart();
  expect(await deletion).toBe("UNAVAILABLE");

  expect(await key.code(`{ viewer { name } }`)).toBe("UNAUTHENTICATED");
  expect(await admin.code(deleteApp, { id: app.id })).toBe("NOT_FOUND");
  await eventually(async () => (await server.current.sql(`SELECT id FROM app WHERE id = '${app.id}'`)).length === 0);
  expect(
    await admin.data(`query ($app: ID!, $session: ID!) { app(id: $app) { id } session(id: $session) { id } }`, {
      app: app.id,
      session: sessionId,
    }),
  ).toEqual({ app: null, session: null });
  expect(await server.current.sql(`SELECT id FROM run WHERE appId = '${app.id}'`)).toEqual([]);
});
