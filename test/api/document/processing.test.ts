import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { documentsOf, filesIn, readDocument, slowText } from "../../support/documents";
import { productionTimings } from "../../../src/timings";
import { useProcesses } from "../../support/process";
import { eventually } from "../../support/runs";
import { type TestServer, useServer } from "../../support/server";

const processes = useProcesses();
const serve = (environment = {}) => useServer(environment, {}, undefined, productionTimings);
const server = serve();
const withoutWait = serve({ MAX_READ_WAIT_SECONDS: "0" });
const withoutRoom = serve({ MAX_QUEUED_DOCUMENTS: "1" });
const execute = `mutation ($input: ExecuteAgentInput!) {
  executeAgent(input: $input) { run { id status output citations { document { id } } error { code } } }
}`;
const runStatus = `query ($id: ID!) { run(id: $id) { status startedAt } }`;
const terminate = `mutation ($id: ID!) { terminateSession(input: { id: $id }) { session { status } } }`;

/** A session with a document that is still PROCESSING. */
async function busySession(on: Pick<TestServer, "newApp" | "admin"> = server.current) {
  const app = await on.newApp();
  const [agentId, sessionId] = [await app.agent(), await app.session()];
  const { body } = await on.admin.upload(sessionId, slowText());
  const { document } = body.data.uploadDocument;
  expect(document).toMatchObject({ mimeType: "text/plain", status: "PROCESSING", error: null });
  return { app, agentId, sessionId, id: document.id as string };
}

/** The files of a document, in the storage and in the data directory. */
const filesOf = async (id: string) => {
  const [stored, local] = [await server.current.store.names(), await filesIn(server.current.dataDir)];
  return [...new Set([...stored, ...local.map((path) => basename(path))])].filter((name) => name.startsWith(id));
};

/** The index of a document while it is being written. */
const indexOf = async (id: string, dataDir: string) =>
  (await filesIn(dataDir)).find((path) => basename(path).startsWith(`${id}.index`));

test("an upload is answered when its document is stored and its type detected, and the document is indexed in the background", async () => {
  const { sessionId, id } = await busySession();
  expect(await readDocument(server.current.admin, sessionId)).toMatchObject({ id, status: "READY", error: null });
});

test("other requests are answered while a large document is uploaded and indexed", async () => {
  const app = await server.current.newApp();
  const sessionId = await app.session();
  let isAnswered = false;
  const upload = server.current.admin.upload(sessionId, slowText()).then(() => (isAnswered = true));
  for (let i = 0; i < 20; i++) await server.current.admin.data("{ viewer { name } }");
  expect(isAnswered).toBe(false);

  await upload;
  for (let i = 0; i < 20; i++) await server.current.admin.data("{ viewer { name } }");
  expect(await documentsOf(server.current.admin, sessionId)).toMatchObject([{ status: "PROCESSING" }]);
  // The type of a small document is detected while a large one is being indexed.
  const { body } = await server.current.admin.upload(sessionId, Buffer.from([0, 1, 2]));
  expect(body.errors[0].extensions.code).toBe("UNSUPPORTED_MEDIA_TYPE");
  await server.current.admin.data(terminate, { id: sessionId });
});

test("an execution waits for the documents of its session and for no others", async () => {
  const { app, agentId, sessionId, id } = await busySession();
  const input = { agentId, text: "What colour is the barn?", session: { id: sessionId } };
  const other = await server.current.admin.data(execute, { input: { ...input, session: { id: await app.session() } } });
  expect(other.executeAgent.run.status).toBe("SUCCEEDED");
  expect(await documentsOf(server.current.admin, sessionId)).toMatchObject([{ status: "PROCESSING" }]);

  const { executeAgent } = await server.current.admin.data(execute, { input });
  expect(executeAgent.run.status).toBe("SUCCEEDED");
  expect(executeAgent.run.citations[0].document).toEqual({ id });
});

test("an execution that waits for a document is QUEUED and can be cancelled", async () => {
  const { agentId, sessionId } = await busySession();
  const input = { agentId, text: "What colour is the barn?", session: { id: sessionId }, waitMs: 0 };
  const { executeAgent } = await server.current.admin.data(execute, { input });
  const { id } = executeAgent.run;
  const { run } = await server.current.admin.data(runStatus, { id });
  expect(run).toEqual({ status: "QUEUED", startedAt: null });

  await server.current.admin.data(`mutation ($id: ID!) { cancelRun(input: { id: $id }) { run { id } } }`, { id });
  expect((await server.current.admin.data(runStatus, { id })).run.status).toBe("CANCELLED");
  expect(await documentsOf(server.current.admin, sessionId)).toMatchObject([{ status: "PROCESSING" }]);
  await server.current.admin.data(terminate, { id: sessionId });
});

test("an execution fails with DOCUMENTS_NOT_READY when it has waited for too long", async () => {
  const { agentId, sessionId } = await busySession(withoutWait.current);
  const input = { agentId, text: "What colour is the barn?", session: { id: sessionId } };
  const { executeAgent } = await withoutWait.current.admin.data(execute, { input });
  expect(executeAgent.run).toMatchObject({ status: "FAILED", error: { code: "DOCUMENTS_NOT_READY" } });
  await withoutWait.current.admin.data(terminate, { id: sessionId });
});

test.each([
  ["deleted", `mutation ($id: ID!) { deleteDocument(input: { id: $id }) { id } }`],
  ["ended with its session", terminate],
])("a document that is %s while it is indexed leaves no file", async (end, operation) => {
  const { sessionId, id } = await busySession();
  while (!(await indexOf(id, server.current.dataDir))) await delay(5);
  await server.current.admin.data(operation, { id: end === "deleted" ? id : sessionId });
  expect(await filesOf(id)).toEqual([]);
  expect(await documentsOf(server.current.admin, sessionId)).toEqual([]);

  // The worker is free for other documents immediately, and writes nothing late.
  const app = await server.current.newApp();
  const next = await app.session();
  await app.document(next);
  expect(await readDocument(server.current.admin, next)).toMatchObject({ status: "READY" });
  expect(await filesOf(id)).toEqual([]);
});

test("documents for which there is no room in memory are indexed too, although more wait than its queue holds", async () => {
  const { admin } = withoutRoom.current;
  const apps = await Promise.all([1, 2].map(() => withoutRoom.current.newApp()));
  const sessions = await Promise.all(
    apps.map(async (app) => {
      const sessionId = await app.session();
      await Promise.all([1, 2, 3, 4, 5].map((i) => app.document(sessionId, `The barn ${i} is red. `.repeat(20_000))));
      return sessionId;
    }),
  );
  for (const sessionId of sessions) {
    const isReady = async () => (await documentsOf(admin, sessionId)).every(({ status }) => status === "READY");
    await eventually(isReady, 60_000);
    expect(await documentsOf(admin, sessionId)).toHaveLength(5);
  }
}, 120_000);

test("a FAILED document has its content and no index", async () => {
  const app = await server.current.newApp();
  const sessionId = await app.session();
  const id = await app.document(sessionId, "[".repeat(40_000) + "]".repeat(40_000));
  expect(await readDocument(server.current.admin, sessionId)).toMatchObject({ id, status: "FAILED" });
  expect(await server.current.store.names()).toContain(id);
  expect(await server.current.store.names()).not.toContain(`${id}.index`);
  expect(await indexOf(id, server.current.dataDir)).toBeUndefined();
});

test("a document that a stopped server left PROCESSING is indexed by the next one, which then executes the run that waited", async () => {
  const environment = await processes.fresh();
  const first = await processes.serve(environment);
  const { agentId, sessionId, id } = await busySession(first);
  const input = { agentId, text: "What colour is the barn?", session: { id: sessionId }, waitMs: 0 };
  const { executeAgent } = await first.admin.data(execute, { input });
  expect(await first.end()).toBe(0);

  const { admin } = await processes.serve(environment);
  expect(await readDocument(admin, sessionId)).toMatchObject({ id, status: "READY" });
  const query = `query ($id: ID!) { run(id: $id) { status citations { document { id } } } }`;
  await eventually(async () => (await admin.data(query, { id: executeAgent.run.id })).run.status === "SUCCEEDED");
  const { run } = await admin.data(query, { id: executeAgent.run.id });
  expect(run.citations[0].document).toEqual({ id });
});

test("a document is FAILED after three kills of its server, and its workers exit with the server", async () => {
  const environment = await processes.fresh();
  let killed = await processes.serve(environment);
  const { sessionId, id } = await busySession(killed);
  const written = async () => {
    const files = (await filesIn(environment.DATA_DIR)).filter((path) => basename(path).startsWith(`${id}.index`));
    const newest = await Promise.all(files.map(async (path) => ({ path, ...(await stat(path)) })));
    return newest.sort((one, other) => other.birthtimeMs - one.birthtimeMs)[0];
  };
  let seen: number | undefined;
  for (let i = 0; i < 3; i++) {
    // Each attempt creates a new file.
    const made = async () => (await written().catch(() => undefined))?.birthtimeMs ?? seen;
    await eventually(async () => (await made()) !== seen);
    seen = await made();
    const index = (await written())?.path ?? "";
    expect(await documentsOf(killed.admin, sessionId)).toMatchObject([{ id, status: "PROCESSING" }]);
    await killed.end("SIGKILL");
    // The watchdog of the worker notices that the server is gone.
    await delay(300);
    const { size } = await stat(index);
    await delay(300);
    expect((await stat(index)).size).toBe(size);
    killed = await processes.serve(environment);
  }
  const { status, error } = await readDocument(killed.admin, sessionId);
  expect([status, error]).toEqual(["FAILED", "The server stopped 3 times while it processed this document."]);
}, 120_000);
