import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { resolve } from "node:path";
import { newSecret } from "../../../src/domain/api-key/secret";
import { type TestProcess, useProcesses } from "../../support/process";
import { eventually } from "../../support/runs";
import { Connection } from "../../support/streams";
import type { KeyHolder, TestApp } from "../../support/test-app";

const processes = useProcesses(undefined, "file");
let server: TestProcess;
let app: TestApp;
beforeAll(async () => {
  server = await processes.serve(await processes.fresh());
  app = await server.newApp();
});

const viewer = `{ viewer { name } }`;

async function revoke(args: readonly string[], input = "") {
  const child = spawn(process.execPath, [resolve("dist/src/latchkey.js"), "keys", "revoke", ...args], {
    env: server.environment,
  });
  child.stdin.on("error", () => undefined).end(input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { exit: child.exitCode, stdout, stderr };
}

async function expectRevoked(...keys: readonly KeyHolder[]) {
  for (const key of keys) {
    const [error] = await key.errors(viewer);
    expect(error?.extensions).toEqual({ code: "UNAUTHENTICATED", reason: "KEY_REVOKED" });
  }
}

async function expectValid(...keys: readonly KeyHolder[]) {
  for (const key of keys) expect(await key.code(viewer)).toBeUndefined();
}

test("one key, the keys of a scope, and the keys of an app are revoked, and no other", async () => {
  const [one, another] = [await app.key(), await app.key()];
  const inScope = [await app.key(), await app.key(another.scopeId)];
  const { stdout } = await revoke(["--key", one.keyId]);
  expect(stdout).toBe("1 key was revoked. None of them is valid now.\n");
  await expectRevoked(one);
  await expectValid(another, ...inScope);

  expect((await revoke(["--scope", another.scopeId])).stdout).toBe("2 keys were revoked. None of them is valid now.\n");
  await expectRevoked(another, inScope[1] as KeyHolder);
  await expectValid(inScope[0] as KeyHolder);

  const other = await (await server.newApp()).key();
  expect(await revoke(["--app", app.id])).toEqual({
    exit: 0,
    stdout: "1 key was revoked. 3 keys were revoked before.\n",
    stderr: "",
  });
  await expectRevoked(inScope[0] as KeyHolder);
  await expectValid(other);
});

test("leaked secrets in the standard input are revoked, whatever is around them, and are not repeated", async () => {
  const keys = [await app.key(), await app.key(), await app.key()] as const;
  const leaked = `curl -H "x-api-key: ${keys[0].secret}" ...\nLATCHKEY=${keys[1].secret}\n${newSecret()}\n${keys[1].secret}x`;
  const { exit, stdout, stderr } = await revoke(["--secret"], leaked);
  expect([exit, stdout, stderr]).toEqual([0, "2 keys were revoked. None of them is valid now.\n", ""]);
  await expectRevoked(keys[0], keys[1]);
  await expectValid(keys[2]);

  for (const [input, message] of [
    ["", "has no secret"],
    [`${keys[2].secret.slice(0, -1)}~`, "has no secret"],
  ] as const) {
    const refused = await revoke(["--secret"], input);
    expect([refused.exit, refused.stdout]).toEqual([1, ""]);
    expect(refused.stderr).toContain(message);
    expect(refused.stderr).not.toContain(keys[2].secret.slice(9, 20));
  }
  expect(await revoke(["--secret"], newSecret())).toMatchObject({
    exit: 1,
    stdout: expect.stringContaining("no such key"),
  });
  await expectValid(keys[2]);
});

test("wrong arguments change nothing", async () => {
  const key = await app.key();
  const wrong: string[][] = [[], ["--key", key.keyId, "--all"], ["--secret", "--scope", key.scopeId], [key.keyId]];
  for (const args of wrong) {
    const { exit, stdout, stderr } = await revoke(args);
    expect([args, exit, stdout]).toEqual([args, 1, ""]);
    expect(stderr).toContain("No key was revoked. Usage: latchkey keys revoke");
  }
  const unknown = await revoke(["--key", app.id]);
  expect([unknown.exit, unknown.stdout]).toEqual([1, "0 keys were revoked. The database has no such key.\n"]);
  await expectValid(key);
});

test("a running server notices: it ends the streams and the runs of the keys", async () => {
  const key = await app.key();
  const { executeAgent } = await key.data(
    `mutation ($input: ExecuteAgentInput!) { executeAgent(input: $input) { run { id } } }`,
    { input: { agentId: await app.agent(), text: "Hello" } },
  );
  const { id } = executeAgent.run;
  await server.sql(`UPDATE run SET status = 'RUNNING', finishedAt = NULL WHERE id = '${id}'`);
  const connection = Connection.of(key);
  await connection.opened;
  await revoke(["--key", key.keyId]);
  const { code } = await connection.closed;
  expect(code).toBe(4403);
  await eventually(async () => {
    const { run } = await server.admin.data(`query ($id: ID!) { run(id: $id) { status } }`, { id });
    return run.status === "CANCELLED";
  });
  connection.close();
});
