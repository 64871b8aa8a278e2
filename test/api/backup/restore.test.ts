import { randomUUID } from "node:crypto";
import { cp, readdir } from "node:fs/promises";
import { join } from "node:path";
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

/** Makes a copy of what a server keeps while it runs, as its operator is told to, and gives an environment to start on that. */
async function copyOf(environment: Environment & { DATA_DIR: string }): Promise<Environment & { DATA_DIR: string }> {
  const backup = join(folder.path, "backup");
  const target = { ...environment, DATA_DIR: join(folder.path, "restored") };
  const made = await processes.finish(environment, "cli/backup.js", backup);
  if (environment["DATABASE_URL"] === undefined) {
    expect(made).toMatchObject({ exit: 0, stderr: "" });
    expect(await processes.finish(target, "cli/restore.js", backup)).toMatchObject({ exit: 0, stderr: "" });
    return target;
  }

  expect(made).toMatchObject({ exit: 1, stdout: "" });
  await inShell(/^ +(mariadb-dump .*)$/m.exec(made.stderr)?.[1] ?? "false", folder.path);
  await cp(environment.DATA_DIR, target.DATA_DIR, { recursive: true });
  const { url = "", drop } = await createTestDatabase();
  processes.clear(drop);
  const loading = await processes.finish({ ...target, DATABASE_URL: url }, "cli/restore.js", backup);
  expect(loading).toMatchObject({ exit: 1, stdout: "" });
  const dump = (await readdir(folder.path)).find((name) => name.endsWith(".sql")) ?? "";
  await inShell((/^ +(mariadb .*<) .*$/m.exec(loading.stderr)?.[1] ?? "false") + dump, folder.path);
  return { ...target, DATABASE_URL: url };
}

/** The same app and the same key, at another server. */
const at = (server: TestProcess, { secret, keyId, scopeId }: KeyHolder) =>
  new KeyHolder(server.url, secret, keyId, scopeId);

/** Sees at a server that what was answered is so. */
type Claim = (server: TestProcess) => Promise<void>;

const deeds: readonly ((app: TestApp, key: KeyHolder) => Promise<Claim>)[] = [
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
    const kept = await app.document(sessionId, content);
    const deleted = await app.document(sessionId, `${content} It stands on a hill.`);
    await key.data(`mutation ($id: ID!) { deleteDocument(input: { id: $id }) { id } }`, { id: deleted });
    return async (server) => {
      const { id } = await readDocument(server.admin, sessionId);
      expect(id).toBe(kept);
      const link = `query ($id: ID!) { documentContent(id: $id) { url } }`;
      const { documentContent } = await at(server, key).data(link, { id });
      const file = await fetch(server.origin + (documentContent.url as string));
      expect(await file.text()).toBe(content);
    };
  },
  async (app, key) => {
    const input = { agentId: await app.agent(), idempotencyKey: randomUUID() };
    const { run: made } = await execute(key, input);
    return async (server) => {
      expect(await execute(at(server, key), input)).toMatchObject({ replayed: true, run: made });
    };
  },
];

test("a backup made under writes has all that was accepted before, whole: revoked keys, documents, runs", async () => {
  const environment = { ...(await processes.fresh()), MODEL_ALLOWED_HOSTS: "127.0.0.1" };
  const server = await processes.serve(environment);
  const app = await server.newApp();
  const key = await app.key();
  const claims: Claim[] = [];
  let isOver = false;
  const writing = deeds.map(async (deed) => {
    while (!isOver) claims.push(await deed(app, key));
  });
  await eventually(() => claims.length > 40);
  const before = claims.length;
  const restored = await copyOf(environment);
  isOver = true;
  await Promise.all(writing);
  expect(claims.length).toBeGreaterThan(before);

  const other = await processes.serve(restored);
  for (const claim of claims.slice(0, before)) await claim(other);
  const sweep = await processes.finish(restored, "cli/sweep-storage.js", "--dry-run");
  expect(sweep.stdout).toMatch(/, 0 documents incomplete\.\n$/);
});

test("a run that was going on at that moment ends as after a crash, and one that was waiting is carried out", async () => {
  const environment = { ...(await processes.fresh()), MODEL_ALLOWED_HOSTS: "127.0.0.1" };
  const server = await processes.serve(environment);
  const app = await server.newApp();
  await app.modelConnection(models.current.baseUrl);
  const key = await app.key();
  const session = { reference: "one" };
  const { run: going } = await execute(key, {
    agentId: await app.agent({ model: "model/talk" }),
    session,
    waitMs: 0,
  });
  const { run: waiting } = await execute(key, { agentId: await app.agent(), session, waitMs: 0 });
  await eventually(async () => (await runOf(key, going.id as string)).status === "RUNNING");

  const other = await processes.serve(await copyOf(environment));
  expect(await finished(at(other, key), going.id as string)).toMatchObject({ error: { code: "INTERRUPTED" } });
  expect(await finished(at(other, key), waiting.id as string)).toMatchObject({ status: "SUCCEEDED" });
});

test("what was revoked since a backup is said to be valid again, and all keys can be revoked before a server starts", async () => {
  const environment = { ...(await processes.fresh()), MODEL_ALLOWED_HOSTS: "127.0.0.1" };
  const server = await processes.serve(environment);
  const app = await server.newApp();
  const keys = [await app.key(), await app.key()] as const;
  const restored = await copyOf(environment);
  await server.admin.data(`mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }`, {
    id: keys[0].keyId,
  });
  expect((await processes.finish(restored, "cli/revoke-keys.js")).exit).toBe(1);
  let other = await processes.serve(restored);
  expect(await at(other, keys[0]).code(`{ viewer { name } }`)).toBeUndefined();
  await other.end();

  const revoked = await processes.finish(restored, "cli/revoke-keys.js", "--all");
  expect(revoked).toMatchObject({ exit: 0, stdout: "2 keys were revoked. None is valid any more.\n" });
  other = await processes.serve(restored);
  for (const key of keys) {
    const [error] = await at(other, key).errors(`{ viewer { name } }`);
    expect(error?.extensions).toMatchObject({ reason: "KEY_REVOKED" });
  }
});
