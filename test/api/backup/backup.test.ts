import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { allowHosts } from "../../support/allowed-hosts";
import { useFolder } from "../../support/folder";
import { type Environment, useProcesses } from "../../support/process";
import { S3Server } from "../../support/s3-server";

const processes = useProcesses();
const folder = useFolder();

/** The environment of a server on SQLite, whichever database the other tests use. */
const onSqlite = (more: Environment = {}) => ({
  DATA_DIR: join(folder.path, "data"),
  ...allowHosts("127.0.0.1"),
  ...more,
});

const backUp = (environment: Environment, to = join(folder.path, "backup")) =>
  processes.finish(environment, "backup", to);
const restore = (environment: Environment, from = join(folder.path, "backup")) =>
  processes.finish(environment, "restore", from);

test("a backup contains the generated keys, is readable by its owner only, and works as a data directory", async () => {
  const environment = onSqlite();
  const server = await processes.serve(environment);
  await server.newApp();
  const { stdout } = await backUp(environment);
  expect(stdout).toContain("It contains admin.key and secrets.key");
  const backup = join(folder.path, "backup");
  expect((await readdir(backup)).sort()).toEqual([
    "admin.key",
    "backup.json",
    "documents",
    "latchkey.sqlite",
    "secrets.key",
  ]);
  for (const name of await readdir(backup)) expect((await stat(join(backup, name))).mode & 0o077).toBe(0);

  const other = await processes.serve({ ...environment, DATA_DIR: backup });
  expect((await other.admin.data(`{ apps { totalCount } }`)).apps.totalCount).toBe(1);
});

test("a stopped server can be backed up, and the output says that keys from the environment are missing", async () => {
  const environment = onSqlite({ ADMIN_KEY: randomUUID(), SECRETS_KEY: "ab".repeat(32) });
  const server = await processes.serve(environment);
  await server.newApp();
  await server.end();
  const { exit, stdout } = await backUp(environment);
  expect(exit).toBe(0);
  expect(stdout).toMatch(/^It does not contain ADMIN_KEY\.$/m);
  expect(stdout).toMatch(/^It does not contain SECRETS_KEY\. Store it separately/m);
  expect(await readdir(join(folder.path, "backup"))).not.toContain("secrets.key");
  const { stdout: restored } = await restore({ DATA_DIR: join(folder.path, "restored") });
  expect(restored).toMatch(/^Set SECRETS_KEY to its previous value/m);
});

test("neither a backup nor a restore overwrites anything", async () => {
  const environment = onSqlite();
  await processes.serve(environment);
  const taken = join(folder.path, "taken");
  await mkdir(taken);
  await writeFile(join(taken, "notes.txt"), "");
  for (const { exit, stderr } of [
    await backUp(environment, taken),
    await backUp(environment, join(taken, "notes.txt")),
    (await backUp(environment)).exit === 0 ? await restore({ DATA_DIR: taken }) : undefined,
    await restore(environment),
    await restore({ DATA_DIR: join(folder.path, "new"), DATABASE_URL: `sqlite:${join(taken, "notes.txt")}` }),
  ].filter((each) => each !== undefined)) {
    expect(exit).toBe(1);
    expect(stderr).toContain("already exists and is not an empty directory");
  }
  expect(await readdir(taken)).toEqual(["notes.txt"]);
});

test("a backup that is killed at any moment is complete or does not exist", async () => {
  const environment = onSqlite();
  const server = await processes.serve(environment);
  const app = await server.newApp();
  const sessionId = await app.session();
  for (let i = 0; i < 20; i += 1) await app.document(sessionId, `The barn is ${i}.`);
  const complete = await backUp(environment, join(folder.path, "complete"));
  expect(complete.exit).toBe(0);
  for (let i = 0; i < 8; i += 1) {
    const to = join(folder.path, `killed ${i}`);
    const child = processes.run(environment, "backup", to);
    await delay(100 + 50 * i);
    const exit = await child.end("SIGKILL");
    if (exit === 0) continue;
    const exists = existsSync(to);
    const restored = join(folder.path, `restored ${i}`);
    expect(await restore({ DATA_DIR: restored }, to)).toMatchObject({ exit: exists ? 0 : 1 });
    expect(existsSync(restored)).toBe(exists);
  }
});

test("a folder that is not a backup, or whose database is damaged, is not restored", async () => {
  const environment = onSqlite();
  const server = await processes.serve(environment);
  const target = { DATA_DIR: join(folder.path, "restored") };
  expect((await restore(target, environment.DATA_DIR)).stderr).toContain("is not a complete backup");

  for (let i = 0; i < 20; i += 1) await server.newApp();
  await backUp(environment);
  const path = join(folder.path, "backup", "latchkey.sqlite");
  const bytes = await readFile(path);
  await writeFile(path, bytes.fill(7, 8_192, 65_536));
  const { exit, stderr } = await restore(target);
  expect(exit).toBe(1);
  expect(stderr).toMatch(/damaged|malformed/);
  expect(await readdir(target.DATA_DIR)).not.toContain("latchkey.sqlite");
});

test("backup and restore report documents whose files are missing or damaged", async () => {
  const environment = onSqlite();
  const server = await processes.serve(environment);
  const app = await server.newApp();
  const sessionId = await app.session();
  const documents = join(environment.DATA_DIR, "documents");
  const [missing, damaged, lost] = [
    await app.document(sessionId),
    await app.document(sessionId),
    await app.document(sessionId),
  ];
  await rm(join(documents, missing));
  await writeFile(join(documents, damaged), "The barn is green.");
  const backup = await backUp(environment);
  expect(backup.exit).toBe(1);
  for (const id of [missing, damaged]) expect(backup.stdout).toContain(`The document ${id} is incomplete or damaged`);
  expect(backup.stdout).not.toContain(lost);

  await rm(join(folder.path, "backup", "documents", lost));
  const restored = await restore({ DATA_DIR: join(folder.path, "restored") });
  expect(restored.exit).toBe(1);
  for (const id of [missing, damaged, lost])
    expect(restored.stdout).toContain(`The document ${id} is incomplete or damaged`);
});

test("with MySQL nothing is copied, and the output shows the commands for a dump without the password", async () => {
  const url = "mysql://some%20body:sesame@db.example.com:3307/latchkey";
  const environment = { DATA_DIR: join(folder.path, "data"), DATABASE_URL: url };
  for (const { exit, stdout, stderr } of [await backUp(environment), await restore(environment, folder.path)]) {
    expect({ exit, stdout }).toEqual({ exit: 1, stdout: "" });
    expect(stderr).toContain(" --host=db.example.com --port=3307 --user='some body' --password latchkey ");
    expect(stderr).not.toContain("sesame");
    expect(stderr).toContain(`documents, admin.key, secrets.key in ${environment.DATA_DIR}`);
  }
  expect(await readdir(folder.path)).toEqual([]);
});

test("documents in an object store are not copied, and the output says so", async () => {
  const store = await S3Server.start();
  processes.clear(() => store.stop());
  const environment = onSqlite(store.environment);
  const server = await processes.serve(environment);
  const app = await server.newApp();
  await app.document(await app.session());
  expect((await backUp(environment)).stdout).toContain("back up the object store (STORAGE_URL) separately");
  expect((await restore({ ...environment, DATA_DIR: join(folder.path, "restored") })).stdout).toContain(
    "(STORAGE_URL)",
  );
  expect(await readdir(join(folder.path, "restored"))).not.toContain("documents");
});
