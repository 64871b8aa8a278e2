import { randomUUID } from "node:crypto";
import { filesIn, readDocument } from "../../support/documents";
import { useProcesses } from "../../support/process";
import { eventually } from "../../support/runs";

const processes = useProcesses();

/** A storage with a document, with orphans, and with a file that is not ours. */
async function storageWithOrphans() {
  const { environment, store } = await processes.freshWithStore();
  const server = await processes.serve(environment);
  const app = await server.newApp();
  const sessionId = await app.session();
  const id = await app.document(sessionId);
  await readDocument(server.admin, sessionId);

  const [old, oldIndex] = [randomUUID(), randomUUID()].sort() as [string, string];
  await store.plant(old, "The barn was red.");
  await store.plant(`${oldIndex}.index`, "");
  // An old file of an existing document, and a file that is not ours.
  await store.plant(`${id}.index`, await store.contentOf(`${id}.index`));
  await store.plant("notes.txt", "not ours");
  return { environment, store, server, app, sessionId, id, old, oldIndex };
}

async function sweep(environment: Readonly<Record<string, string>>, ...args: string[]) {
  const { stdout, ...ended } = await processes.finish(environment, "storage", "sweep", ...args);
  return { ...ended, lines: stdout.trim().split("\n") };
}

test("a sweep while a server runs deletes the orphans of a crash and nothing else", async () => {
  const { environment, store, server, sessionId, id, old, oldIndex } = await storageWithOrphans();
  const expected = [id, `${id}.index`, "notes.txt"].sort();
  const before = await store.names();
  expect(before.sort()).toEqual([...expected, old, `${oldIndex}.index`].sort());

  const dry = await sweep(environment, "--dry-run");
  expect(dry.lines).toEqual([
    `would remove ${old}`,
    `would remove ${oldIndex}`,
    "2 orphaned objects found, 0 documents incomplete.",
  ]);
  expect((await store.names()).sort()).toEqual(before);

  const wet = await sweep(environment);
  expect(wet.lines).toEqual([
    `removed ${old}`,
    `removed ${oldIndex}`,
    "2 orphaned objects removed, 0 documents incomplete.",
  ]);
  expect((await store.names()).sort()).toEqual(expected);
  expect((await sweep(environment)).lines).toEqual(["0 orphaned objects removed, 0 documents incomplete."]);
  expect(await readDocument(server.admin, sessionId)).toMatchObject({ id, status: "READY" });
});

test("a sweep keeps new files, because their rows may not be inserted yet", async () => {
  const { environment, store, sessionId, app, server, id } = await storageWithOrphans();
  const second = await app.document(sessionId);
  await readDocument(server.admin, sessionId);
  await server.sql(`DELETE FROM document WHERE id = '${second}'`);
  await sweep(environment);
  expect(await store.names()).toContain(second);
  expect(await store.names()).toContain(id);
});

test("a sweep reports documents that lack their content or index and does not change them", async () => {
  const { environment, store, server, app, id } = await storageWithOrphans();
  const otherSession = await app.session();
  const other = await app.document(otherSession);
  await readDocument(server.admin, otherSession);
  await store.lose(id);
  await store.lose(`${other}.index`);
  // They are too new to be reported.
  expect((await sweep(environment)).lines.at(-1)).toBe("2 orphaned objects removed, 0 documents incomplete.");

  await server.sql(`UPDATE document SET createdAt = '2020-01-01 00:00:00.000'`);
  const { lines } = await sweep(environment);
  expect(lines).toEqual([
    `the content of the document ${id} is missing`,
    `the index of the document ${other} is missing`,
    "0 orphaned objects removed, 2 documents incomplete.",
  ]);
  const ids = await server.sql("SELECT id FROM document");
  expect(ids.map((row) => row["id"]).sort()).toEqual([id, other].sort());
});

test("a server sweeps when it starts", async () => {
  const { environment, store, server, id } = await storageWithOrphans();
  await server.end();
  await processes.serve(environment);
  await eventually(async () => (await store.names()).length === 3);
  expect((await store.names()).sort()).toEqual([id, `${id}.index`, "notes.txt"].sort());
});

test("a sweep deletes more orphans than fit into one statement and one page of a listing", async () => {
  const { environment, store } = await processes.freshWithStore();
  await (await processes.serve(environment)).end();
  for (let i = 0; i < 1_050; i++) await store.plant(randomUUID(), "");
  const { lines } = await sweep(environment);
  expect(lines.at(-1)).toBe("1050 orphaned objects removed, 0 documents incomplete.");
  expect(await store.names()).toEqual([]);
  // A process that has stopped leaves nothing in the data directory.
  expect((await filesIn(environment.DATA_DIR)).filter((path) => path.includes("copies"))).toEqual([]);
}, 120_000);

test("a sweep with an unknown option does nothing", async () => {
  const { environment, store } = await storageWithOrphans();
  const before = await store.names();
  const { exit, stderr } = await sweep(environment, "--dryrun");
  expect([exit, stderr]).toEqual([
    1,
    "The sweep of the document storage failed. Usage: npm run storage:sweep -- [--dry-run]\n",
  ]);
  expect(await store.names()).toEqual(before);
});
