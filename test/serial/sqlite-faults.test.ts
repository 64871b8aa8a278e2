import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Sqlite } from "../../src/platform/sqlite";
import { filesIn } from "../support/documents";
import { type Environment, type TestProcess, useProcesses } from "../support/process";
import { eventually } from "../support/runs";

const processes = useProcesses();

/** Always on SQLite. */
async function freshOnSqlite(): Promise<{ environment: Environment; dataDir: string }> {
  const { DATABASE_URL: _, ...environment } = await processes.fresh();
  return { environment, dataDir: environment.DATA_DIR };
}

const createApp = `mutation ($name: String!) { createApp(input: { name: $name }) { app { id } } }`;
const apps = `{ apps(first: 200) { nodes { name } } }`;
const namesIn = async ({ admin }: TestProcess) =>
  ((await admin.data(apps)).apps.nodes as { name: string }[]).map(({ name }) => name);

async function tryToCreate(server: TestProcess, name: string): Promise<unknown> {
  const { status, body } = await server.admin.send(createApp, { name });
  return [status, body.errors?.[0]?.extensions.code];
}
const unavailable = [503, "UNAVAILABLE"];

/** Limits the size of all files of a process, as if the disk were full. @param maxBytes undefined: no limit */
function limitFileSize({ pid }: TestProcess, maxBytes: number | undefined): void {
  execFileSync("prlimit", ["--pid", `${pid}`, `--fsize=${maxBytes ?? "unlimited"}:`]);
}

test("while the disk is full, changes are rejected, queries are answered, and nothing is lost afterwards", async () => {
  const { environment, dataDir } = await freshOnSqlite();
  let server = await processes.serve(environment);
  const sessionId = await (await server.newApp()).session();
  const created = await namesIn(server);

  for (const name of ["once", "again"]) {
    limitFileSize(server, 1);
    expect(await tryToCreate(server, `${name}, rejected`)).toEqual(unavailable);
    expect(await tryToCreate(server, `${name}, rejected again`)).toEqual(unavailable);
    const { status, body } = await server.admin.upload(sessionId, "The barn is red.");
    expect([status, body.errors[0].extensions.code]).toEqual(unavailable);
    expect(await filesIn(join(dataDir, "documents"))).toEqual([]);
    expect((await namesIn(server)).sort()).toEqual([...created].sort());
    limitFileSize(server, undefined);
    await server.admin.data(createApp, { name });
    created.push(name);
  }
  const failures = server.log.filter(({ msg }) => msg === "a request failed");
  expect(failures).toHaveLength(6);
  expect(JSON.stringify(failures[0])).toMatch(/SQLITE_(IOERR|FULL)/);

  await server.end("SIGKILL");
  server = await processes.serve(environment);
  expect((await namesIn(server)).sort()).toEqual([...created].sort());
});

test("a change waits briefly for a lock of another process while queries are answered, and then is rejected", async () => {
  const { environment, dataDir } = await freshOnSqlite();
  const server = await processes.serve(environment);
  const other = new Sqlite(join(dataDir, "latchkey.sqlite"));
  try {
    other.exec("BEGIN IMMEDIATE");
    const waitingChange = server.admin.data(createApp, { name: "patient" });
    await delay(400);
    other.exec("COMMIT");
    await waitingChange;

    other.exec("BEGIN IMMEDIATE");
    const startedAt = performance.now();
    const attempt = tryToCreate(server, "impatient");
    let maxQueryMs = 0;
    for (let isOver = false; !isOver;) {
      const sentAt = performance.now();
      expect(await namesIn(server)).toEqual(["patient"]);
      maxQueryMs = Math.max(maxQueryMs, performance.now() - sentAt);
      isOver = await Promise.race([attempt.then(() => true), delay(50).then(() => false)]);
    }
    expect(await attempt).toEqual(unavailable);
    expect(performance.now() - startedAt).toBeLessThan(2_500);
    expect(maxQueryMs).toBeLessThan(1_000);
    other.exec("COMMIT");
  } finally {
    other.close();
  }
  await eventually(async () => (await tryToCreate(server, "later"))?.toString() === "200,");
  expect((await namesIn(server)).sort()).toEqual(["later", "patient"]);
});
