import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AuditLog, noOrigin } from "../../../src/domain/audit/audit-log";
import { auditKeysOf } from "../../../src/domain/audit/audit-keys";
import { AuditRetention } from "../../../src/domain/audit/audit-retention";
import { readConfig } from "../../../src/config";
import { entities } from "../../../src/entities";
import { Database } from "../../../src/platform/database/database";
import { openKeyring } from "../../../src/platform/secrets/open-keyring";
import { type TestProcess, useProcesses } from "../../support/process";
import { latchkey } from "../../verification/audit/latchkey-command";

const processes = useProcesses(undefined, "file");
let server: TestProcess;
beforeAll(async () => {
  server = await processes.serve(await processes.fresh());
});

const audit = (...args: string[]) => latchkey(server.environment, "audit", ...args);

test("the log of a running server is intact, and names the first entry that somebody has changed", async () => {
  const app = await server.newApp();
  for (let i = 0; i < 4; i++) await app.scope({});
  expect(await audit("verify")).toMatchObject({
    exit: 0,
    stdout: expect.stringMatching(/^\d+ entries of \d+ chains are intact\.\n$/),
  });

  const where = `WHERE chainId = '${app.id}' AND sequence = 3`;
  const [row] = await server.sql(`SELECT actorName FROM audit_entry ${where}`);
  await server.sql(`UPDATE audit_entry SET actorName = 'nobody' ${where}`);
  expect(await audit("verify")).toMatchObject({
    exit: 1,
    stdout: `entry #3 of the chain of the app ${app.id}: it was changed\n`,
  });
  await server.sql(`UPDATE audit_entry SET actorName = '${row?.["actorName"] as string}' ${where}`);
  expect((await audit("verify")).exit).toBe(0);
});

test("an export of an app can be verified with the public key alone, on another machine", async () => {
  const app = await server.newApp();
  await app.scope({});
  const { exit, stdout, stderr } = await audit("export", "--app", app.id);
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: "2 entries of 1 chains were exported.\n" });
  const lines = stdout.trimEnd().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as { type: string }).type)).toEqual([
    "audit",
    "chain",
    "entry",
    "entry",
    "head",
    "end",
  ]);
  const { publicKeys } = JSON.parse(lines[0] ?? "") as { publicKeys: [string] };
  const elsewhere = await processes.fresh();
  const file = join(server.environment["DATA_DIR"] ?? "", "export.jsonl");
  await writeFile(file, stdout);
  const verifyElsewhere = () => latchkey(elsewhere, "audit", "verify", "--file", file, "--public-key", publicKeys[0]);
  expect(await verifyElsewhere()).toMatchObject({ exit: 0, stdout: "2 entries of 1 chains are intact.\n" });

  await writeFile(file, (await readFile(file, "utf8")).replace("CREATE_SCOPE", "DELETE_SCOPE"));
  expect(await verifyElsewhere()).toMatchObject({
    exit: 1,
    stdout: `entry #2 of the chain of the app ${app.id}: it was changed\n`,
  });
  expect(await audit("export", "--app", "nothing")).toMatchObject({ exit: 1 });
});

test("what retention leaves can still be verified, and says what it has deleted", async () => {
  const config = readConfig(server.environment);
  const keys = auditKeysOf(await openKeyring(config));
  const db = await Database.open(config.database, entities);
  const app = await server.newApp();
  for (let i = 0; i < 3; i++) await app.scope({});
  try {
    const log = new AuditLog(db, keys, true);
    // Until tomorrow.
    await new AuditRetention(db.background, log, keys, -1).run(new AbortController().signal);
  } finally {
    await db.close();
  }
  const { auditLog } = await server.admin.data(
    `query ($appId: ID) { auditLog(appId: $appId) { nodes { sequence action actor { kind } after } } }`,
    { appId: app.id },
  );
  expect(auditLog.nodes).toEqual([
    { sequence: 5, action: "DELETE_ENTRIES", actor: { kind: "SERVER" }, after: { entries: 4, until: 4 } },
  ]);
  await app.scope({});
  expect((await audit("verify")).stdout).toMatch(/are intact/);
  // Somebody deletes more.
  await server.sql(`DELETE FROM audit_entry WHERE chainId = '${app.id}' AND sequence = 5`);
  expect((await audit("verify")).stdout).toBe(`entry #5 of the chain of the app ${app.id}: it was removed\n`);
});

test("a transaction that is rolled back leaves no entry, and one without entries asks for no head", async () => {
  const config = readConfig(server.environment);
  const db = await Database.open(config.database, entities);
  try {
    const log = new AuditLog(db, auditKeysOf(await openKeyring(config)), true);
    const entry = {
      appId: "rolled-back",
      actor: { kind: "SERVER", id: null, name: "server" },
      origin: noOrigin,
      action: "CREATE_APP",
      target: { id: "rolled-back", name: "n" },
    } as const;
    const failed = db.transaction(async (manager) => {
      log.record(manager, entry);
      throw new Error("rolled back");
    });
    await expect(failed).rejects.toThrow("rolled back");
    await db.transaction(() => Promise.resolve());
    expect(await server.sql(`SELECT id FROM audit_entry WHERE chainId = 'rolled-back'`)).toEqual([]);
  } finally {
    await db.close();
  }
});
