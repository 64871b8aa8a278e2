import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Sqlite } from "../../src/platform/sqlite";
import { filesIn } from "../support/documents";
import { type Environment, type TestProcess, useProcesses } from "../support/process";
import { eventually } from "../support/runs";

const processes = useProcesses();

/** On SQLite, whatever the others run on. */
async function freshOnSqlite(): Promise<{ environment: Environment; dataDir: string }> {
  const { DATABASE_URL: _, ...environment } = await processes.fresh();
  return { environment, dataDir: environment.DATA_DIR };
}

const createApp = `mutation ($name: String!) { createApp(input: { name: $name }) { app { id } } }`;
const apps = `{ apps(first: 200) { nodes { name } } }`;
const namesIn = async ({ admin }: TestProcess) =>
  ((await admin.data(apps)).apps.nodes as { name: string }[]).map(({ name }) => name);

async function refusalOf(server: TestProcess, name: string): Promise<unknown> {
  const { status, body } = await server.admin.send(createApp, { name });
  return [status, body.errors?.[0]?.extensions.code];
}
const refused = [503, "UNAVAILABLE"];

/** Lets no file of a process grow, as if the disk were full; undefined where it is to have room again. */
function boundFiles({ pid }: TestProcess, bytes: number | undefined): void {
  execFileSync("prlimit", ["--pid", `${pid}`, `--fsize=${bytes ?? "unlimited"}:`]);
}

test("while the disk takes nothing, what would be written is refused, what is there is answered, and later nothing is lost", async () => {
  const { environment, dataDir } = await freshOnSqlite();
  let server = await processes.serve(environment);
  const sessionId = await (await server.newApp()).session();
  const made = await namesIn(server);

  for (const name of ["once", "again"]) {
    boundFiles(server, 1);
    expect(await refusalOf(server, `${name}, not`)).toEqual(refused);
    expect(await refusalOf(server, `${name}, not either`)).toEqual(refused);
    const { status, body } = await server.admin.upload(sessionId, "The barn is red.");
    expect([status, body.errors[0].extensions.code]).toEqual(refused);
    expect(await filesIn(join(dataDir, "documents"))).toEqual([]);
    expect((await namesIn(server)).sort()).toEqual([...made].sort());
    boundFiles(server, undefined);
    await server.admin.data(createApp, { name });
    made.push(name);
  }
  const faults = server.log.filter(({ msg }) => msg === "a request failed");
  expect(faults).toHaveLength(6);
  expect(JSON.stringify(faults[0])).toMatch(/SQLITE_(IOERR|FULL)/);

  await server.end("SIGKILL");
  server = await processes.serve(environment);
  expect((await namesIn(server)).sort()).toEqual([...made].sort());
});

test("a file that another process holds is waited for a moment, in which others are answered; then it is refused", async () => {
  const { environment, dataDir } = await freshOnSqlite();
  const server = await processes.serve(environment);
  const other = new Sqlite(join(dataDir, "latchkey.sqlite"));
  try {
    other.exec("BEGIN IMMEDIATE");
    const waiting = server.admin.data(createApp, { name: "patient" });
    await delay(400);
    other.exec("COMMIT");
    await waiting;

    other.exec("BEGIN IMMEDIATE");
    const begun = performance.now();
    const refusal = refusalOf(server, "impatient");
    let slowest = 0;
    for (let isOver = false; !isOver;) {
      const asked = performance.now();
      expect(await namesIn(server)).toEqual(["patient"]);
      slowest = Math.max(slowest, performance.now() - asked);
      isOver = await Promise.race([refusal.then(() => true), delay(50).then(() => false)]);
    }
    expect(await refusal).toEqual(refused);
    expect(performance.now() - begun).toBeLessThan(2_500);
    expect(slowest).toBeLessThan(1_000);
    other.exec("COMMIT");
  } finally {
    other.close();
  }
  await eventually(async () => (await refusalOf(server, "later"))?.toString() === "200,");
  expect((await namesIn(server)).sort()).toEqual(["later", "patient"]);
});
