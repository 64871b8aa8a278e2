import { execFile } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import pino from "pino";
import { allowHosts } from "../../support/allowed-hosts";
import { readConfig } from "../../../src/config";
import { type RunningServer, startServer } from "../../../src/server";
import { attempted, redeliverCallback, replaceSecret } from "../../support/callbacks";
import { Client } from "../../support/client";
import { createTestDatabase, sqlOn } from "../../support/database";
import { useModelServer } from "../../support/model-server";
import { Receiver, verified } from "../../support/receiver";
import { eventually, execute } from "../../support/runs";
import { TestApp } from "../../support/test-app";

const models = useModelServer();
const adminKey = "the-administrators-key-in-tests";
const [first, second] = [randomBytes(32).toString("base64"), randomBytes(32).toString("hex")];

let dataDir: string;
let databaseUrl: string | undefined;
let drop: () => Promise<unknown>;
const running: RunningServer[] = [];
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "latchkey-test-"));
  ({ url: databaseUrl, drop } = await createTestDatabase());
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
  await drop();
  await rm(dataDir, { recursive: true, force: true });
});

const environment = (keys: object) => ({
  PORT: "0",
  DATA_DIR: dataDir,
  ADMIN_KEY: adminKey,
  ...allowHosts("127.0.0.1"),
  ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
  ...keys,
});

async function serverWith(keys: object = {}): Promise<Client> {
  const server = await startServer(readConfig(environment(keys)), pino({ level: "silent" }));
  running.push(server);
  return new Client(server.url, ["authorization", `Bearer ${adminKey}`]);
}

const sql = (statement: string) => sqlOn(readConfig(environment({})).database, statement);

async function rotate(keys: object): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ["dist/src/latchkey.js", "secrets", "rotate"], {
    env: environment(keys),
  });
  return stdout;
}

/** Creates connections with keys to the model server, each in its own app. */
async function connections(admin: Client, count: number): Promise<string[]> {
  const ids = [];
  for (let i = 0; i < count; i++) {
    const { createApp } = await admin.data(
      `mutation ($name: String!) { createApp(input: { name: $name }) { app { id } } }`,
      { name: randomUUID() },
    );
    const input = { name: "a", provider: "OPENAI_COMPATIBLE", baseUrl: models.current.baseUrl, apiKey: `sk-${i}` };
    const { createModelConnection } = await admin.data(
      `mutation ($input: CreateModelConnectionInput!) { createModelConnection(input: $input) { modelConnection { id } } }`,
      { input: { appId: createApp.app.id, ...input } },
    );
    ids.push(createModelConnection.modelConnection.id as string);
  }
  return ids;
}

/** The authorization header that the provider receives for each connection; the error code if it is not called. */
async function sentKeys(admin: Client, ids: readonly string[]): Promise<string[]> {
  const sent = [];
  for (const id of ids) {
    const { testModelConnection } = await admin.data(
      `mutation ($id: ID!) { testModelConnection(input: { id: $id, model: "good" }) { ok error { code } } }`,
      { id },
    );
    const authorization = models.current.calls.at(-1)?.headers.authorization;
    sent.push(testModelConnection.ok ? String(authorization) : String(testModelConnection.error.code));
  }
  return sent;
}

const allKeys = ["Bearer sk-0", "Bearer sk-1", "Bearer sk-2"];

test("the first start creates a key file that only its owner can read, and the next start uses it", async () => {
  const ids = await connections(await serverWith(), 3);
  const file = join(dataDir, "secrets.key");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const key = await readFile(file, "utf8");
  await running.pop()?.close();

  expect(await sentKeys(await serverWith(), ids)).toEqual(allKeys);
  expect(await readFile(file, "utf8")).toBe(key);
});

test("secrets are rotated while a server is running, and the previous key then decrypts nothing", async () => {
  const ids = await connections(await serverWith({ SECRETS_KEY: first }), 3);
  await running.pop()?.close();
  const both = { SECRETS_KEY: second, SECRETS_KEY_PREVIOUS: first };
  const runningServer = await serverWith(both);
  expect(await sentKeys(runningServer, ids)).toEqual(allKeys);

  expect(await rotate(both)).toContain("3 of 3 secrets were rotated");
  expect(await rotate(both)).toContain("0 of 3 secrets were rotated");
  expect(await sentKeys(runningServer, ids)).toEqual(allKeys);

  await running.pop()?.close();
  expect(await sentKeys(await serverWith({ SECRETS_KEY: second }), ids)).toEqual(allKeys);
  await running.pop()?.close();
  expect(await sentKeys(await serverWith({ SECRETS_KEY: first }), ids)).toEqual(ids.map(() => "MODEL_UNAVAILABLE"));
});

test("secrets are rotated from the key file of the first start to a configured key", async () => {
  const ids = await connections(await serverWith(), 3);
  await running.pop()?.close();
  expect(await rotate({ SECRETS_KEY: second })).toContain("3 of 3 secrets were rotated");
  await rm(join(dataDir, "secrets.key"));
  expect(await sentKeys(await serverWith({ SECRETS_KEY: second }), ids)).toEqual(allKeys);
});

test("a rotation changes nothing if a secret can't be decrypted", async () => {
  const admin = await serverWith({ SECRETS_KEY: first });
  const ids = await connections(admin, 3);
  await expect(rotate({ SECRETS_KEY: second })).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining("Nothing was changed"),
  });
  expect(await sentKeys(admin, ids)).toEqual(allKeys);
});

test("a rotation includes the current and the previous signing secret of callbacks", async () => {
  const receiver = await Receiver.start();
  try {
    const admin = await serverWith({ SECRETS_KEY: first });
    const app = await TestApp.create({ url: admin.url, admin });
    const secrets = [await replaceSecret(admin, app.id), await replaceSecret(admin, app.id)];
    const agentId = await app.agent();
    expect(await rotate({ SECRETS_KEY: second, SECRETS_KEY_PREVIOUS: first })).toContain("2 of 2 secrets");
    const { run } = await execute(admin, { agentId, callbackUrl: receiver.url("/unread") });
    expect((await attempted(admin, run.id)).attempts).toMatchObject([{ error: "SECRET_UNREADABLE" }]);

    await running.pop()?.close();
    const rotated = await serverWith({ SECRETS_KEY: second });
    await execute(rotated, { agentId, callbackUrl: receiver.url("/read") });
    const [callback] = await receiver.wait("/read");
    for (const secret of secrets) expect(verified(callback, secret).type).toBe("run.finished");
    expect(receiver.at("/unread").length).toBeLessThanOrEqual(1);
  } finally {
    await receiver.stop();
  }
});

test("invalid keys and hosts in the configuration are named without their values", () => {
  const faulty = { SECRETS_KEY: "sk-short", SECRETS_KEY_PREVIOUS: "sk-odd", MODEL_ALLOWED_HOSTS: "http://sk-host" };
  const read = () => readConfig(environment(faulty));
  expect(read).toThrow(/SECRETS_KEY must be 32 bytes[^]*SECRETS_KEY_PREVIOUS must be[^]*MODEL_ALLOWED_HOSTS must be/);
  expect(read).toThrow(expect.objectContaining({ message: expect.not.stringContaining("sk-") }));
});

test("a key of a row whose address, provider or app was changed in the database is sent nowhere", async () => {
  const admin = await serverWith();
  const ids = await connections(admin, 3);
  const [{ appId } = { appId: "" }] = await sql(`SELECT appId FROM model_connection WHERE id = '${ids[0] ?? ""}'`);
  const changes = [
    `baseUrl = '${models.current.baseUrl}/'`,
    "provider = 'OPENAI'",
    `name = 'b', appId = '${String(appId)}'`,
  ];
  for (const [i, change] of changes.entries()) {
    await sql(`UPDATE model_connection SET ${change} WHERE id = '${ids[i] ?? ""}'`);
  }
  const calls = models.current.calls.length;
  expect(await sentKeys(admin, ids)).toEqual(ids.map(() => "MODEL_UNAVAILABLE"));
  expect(models.current.calls).toHaveLength(calls);
});

test("the URL of a callback is stored encrypted, and is rotated; a row with another host is not posted", async () => {
  const receiver = await Receiver.start();
  try {
    const both = { SECRETS_KEY: second, SECRETS_KEY_PREVIOUS: first };
    const admin = await serverWith({ SECRETS_KEY: first });
    const app = await TestApp.create({ url: admin.url, admin });
    await replaceSecret(admin, app.id);
    const agentId = await app.agent();
    const deliveries: string[] = [];
    for (const path of ["/a?token=swordfish", "/b", "/c"]) {
      const { run } = await execute(admin, { agentId, callbackUrl: receiver.url(path) });
      deliveries.push((await attempted(admin, run.id as string)).id as string);
    }
    const [one = "", two = "", three = ""] = deliveries;
    const stored = JSON.stringify(await sql("SELECT * FROM callback_delivery"));
    expect(stored).toContain(`127.0.0.1:${receiver.port}`);
    expect(stored).not.toContain("swordfish");
    await running.pop()?.close();

    // As an earlier version stored it.
    await sql(`UPDATE callback_delivery SET url = '${receiver.url("/plain")}' WHERE id = '${two}'`);
    await sql(`UPDATE callback_delivery SET host = '127.0.0.1' WHERE id = '${three}'`);
    await expect(rotate(both)).rejects.toMatchObject({ stderr: expect.stringContaining("Nothing was changed") });
    await sql(`UPDATE callback_delivery SET host = '127.0.0.1:${receiver.port}' WHERE id = '${three}'`);
    expect(await rotate(both)).toContain("4 of 4 secrets were rotated");

    const rotated = await serverWith({ SECRETS_KEY: second });
    await sql(`UPDATE callback_delivery SET host = '127.0.0.1' WHERE id = '${three}'`);
    for (const id of deliveries) await rotated.data(redeliverCallback, { id });
    await receiver.wait("/a?token=swordfish", 2);
    await receiver.wait("/plain");
    await eventually(async () => {
      const [row] = await sql(`SELECT attempts FROM callback_delivery WHERE id = '${three}'`);
      return String(row?.["attempts"]).includes("SECRET_UNREADABLE");
    });
    expect(receiver.at("/c")).toHaveLength(1);
    expect(one).not.toBe("");
  } finally {
    await receiver.stop();
  }
});
