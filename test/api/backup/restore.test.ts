import { randomUUID } from "node:crypto";
import { cp, readdir } from "node:fs/promises";
import { join } from "node:path";
import { allowHosts } from "../../support/allowed-hosts";
import { createTestDatabase } from "../../support/database";
import { readDocument } from "../../support/documents";
import { useModelServer } from "../../support/model-server";
import { useFolder } from "../../support/folder";
import { type Environment, type TestProcess, useProcesses } from "../../support/process";
import { eventually, execute, finished, runOf } from "../../support/runs";
import { inShell } from "../../support/shell";
import { KeyHolder, TestApp } from "../../support/test-app";

const models = useModelServer();
const processes = useProcesses();
const folder = useFolder();

/** Copies the data of a running server as the command tells its operator to. @returns an environment with that copy */
async function copyOf(environment: Environment & { DATA_DIR: string }): Promise<Environment & { DATA_DIR: string }> {
  const backup = join(folder.path, "backup");
  const target = { ...environment, DATA_DIR: join(folder.path, "restored") };
  const attempt = await processes.finish(environment, "backup", backup);
  if (environment["DATABASE_URL"] === undefined) {
    expect(attempt).toMatchObject({ exit: 0, stderr: "" });
    expect(await processes.finish(target, "restore", backup)).toMatchObject({ exit: 0, stderr: "" });
    return target;
  }

  expect(attempt).toMatchObject({ exit: 1, stdout: "" });
  await inShell(/^ +(mariadb-dump .*)$/m.exec(attempt.stderr)?.[1] ?? "false", folder.path);
  await cp(environment.DATA_DIR, target.DATA_DIR, { recursive: true });
  const { url = "", drop } = await createTestDatabase({ isEmpty: true });
  processes.clear(drop);
  const loading = await processes.finish({ ...target, DATABASE_URL: url }, "restore", backup);
  expect(loading).toMatchObject({ exit: 1, stdout: "" });
  const dump = (await readdir(folder.path)).find((name) => name.endsWith(".sql")) ?? "";
  await inShell((/^ +(mariadb .*<) .*$/m.exec(loading.stderr)?.[1] ?? "false") + dump, folder.path);
  return { ...target, DATABASE_URL: url };
}

/** The same key at another server. */
const at = (server: TestProcess, { secret, keyId, scopeId }: KeyHolder) =>
  new KeyHolder(server.url, secret, keyId, scopeId);

/** Checks at a server that an accepted operation is there. */
type Check = (server: TestProcess) => Promise<void>;

const operations: readonly ((app: TestApp, key: KeyHolder) => Promise<Check>)[] = [
  async (app, key) => {
    const id = await app.agent();
    return async (server) => {
      expect(await at(server, key).data(`query ($id: ID!) { agent(id: $id) { id } }`, { id })).toEqual({
        agent: { id },
      });
    };
  },
  async (app, key) => {
    const revoked = await app.key({ agents: "VIEW" });
    await app.server.admin.data(`mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }`, {
      id: revoked.keyId,
    });
    return async (server) => {
      expect(await at(server, key).code(`{ viewer { name } }`)).toBeUndefined();
      const [error] = await at(server, revoked).errors(`{ viewer { name } }`);
      expect(error?.extensions).toMatchObject({ code: "UNAUTHENTICATED", reason: "KEY_REVOKED" });
    };
  },
  async (app, key) => {
    const sessionId = await app.session();
    const content = `The barn is ${randomUUID()}.`;
    const keptId = await app.document(sessionId, content);
    const deletedId = await app.document(sessionId, `${content} It stands on a hill.`);
    await key.data(`mutation ($id: ID!) { deleteDocument(input: { id: $id }) { id } }`, { id: deletedId });
    return async (server) => {
      const { id } = await readDocument(server.admin, sessionId);
      expect(id).toBe(keptId);
      const link = `query ($id: ID!) { documentContent(id: $id) { url } }`;
      const { documentContent } = await at(server, key).data(link, { id });
      const file = await fetch(server.origin + (documentContent.url as string));
      expect(await file.text()).toBe(content);
    };
  },
  async (app, key) => {
    const input = { agentId: await app.agent(), idempotencyKey: randomUUID() };
    const { run } = await execute(key, input);
    return async (server) => {
      expect(await execute(at(server, key), input)).toMatchObject({ replayed: true, run });
    };
  },
];

test("a backup under concurrent writes contains everything accepted before: revoked keys, documents, runs", async () => {
  const environment = { ...(await processes.fresh()), ...allowHosts("127.0.0.1") };
  const server = await processes.serve(environment);
  const app = await server.newApp();
  const key = await app.key();
  const checks: Check[] = [];
  let isOver = false;
  const writing = operations.map(async (operation) => {
    while (!isOver) checks.push(await operation(app, key));
  });
  await eventually(() => checks.length > 40);
  const before = checks.length;
  const restored = await copyOf(environment);
  isOver = true;
  await Promise.all(writing);
  expect(checks.length).toBeGreaterThan(before);

  const other = await processes.serve(restored);
  for (const check of checks.slice(0, before)) await check(other);
  const sweep = await processes.finish(restored, "storage", "sweep", "--dry-run");
  expect(sweep.stdout).toMatch(/, 0 documents incomplete\.\n$/);
});

test("after a restore, a run that was running ends as after a crash, and a queued run is executed", async () => {
  const environment = { ...(await processes.fresh()), ...allowHosts("127.0.0.1") };
  const server = await processes.serve(environment);
  const app = await server.newApp();
  await app.modelConnection(models.current.baseUrl);
  const key = await app.key();
  const session = { reference: "one" };
  const { run: running } = await execute(key, {
    agentId: await app.agent({ model: "model/talk" }),
    session,
    waitMs: 0,
  });
  const { run: queued } = await execute(key, { agentId: await app.agent(), session, waitMs: 0 });
  await eventually(async () => (await runOf(key, running.id as string)).status === "RUNNING");

  const other = await processes.serve(await copyOf(environment));
  expect(await finished(at(other, key), running.id as string)).toMatchObject({ error: { code: "INTERRUPTED" } });
  expect(await finished(at(other, key), queued.id as string)).toMatchObject({ status: "SUCCEEDED" });
});

test("keys that were revoked after the backup are valid again, and all keys can be revoked before a server starts", async () => {
  const environment = { ...(await processes.fresh()), ...allowHosts("127.0.0.1") };
  const server = await processes.serve(environment);
  const app = await server.newApp();
  const keys = [await app.key(), await app.key()] as const;
  const restored = await copyOf(environment);
  await server.admin.data(`mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }`, {
    id: keys[0].keyId,
  });
  expect((await processes.finish(restored, "keys", "revoke")).exit).toBe(1);
  let other = await processes.serve(restored);
  expect(await at(other, keys[0]).code(`{ viewer { name } }`)).toBeUndefined();
  await other.end();

  const revoked = await processes.finish(restored, "keys", "revoke", "--all");
  expect(revoked).toMatchObject({ exit: 0, stdout: "2 keys were revoked. No key is valid now.\n" });
  other = await processes.serve(restored);
  for (const key of keys) {
    const [error] = await at(other, key).errors(`{ viewer { name } }`);
    expect(error?.extensions).toMatchObject({ reason: "KEY_REVOKED" });
  }
});
