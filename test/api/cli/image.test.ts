import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scripts, version } from "../../../package.json";
import { Client } from "../../support/client";
import { freePort } from "../../support/free-port";
import { createImageTree } from "../../support/image-tree";
import { eventually } from "../../support/runs";
import { adminKey } from "../../support/server";
import { TestApp } from "../../support/test-app";

let tree: ReturnType<typeof createImageTree>;
let data: string;
let server: ChildProcess | undefined;
beforeAll(() => {
  tree = createImageTree();
  data = mkdtempSync(join(tmpdir(), "latchkey-test-"));
});
afterAll(() => {
  server?.kill("SIGKILL");
  tree.remove();
  rmSync(data, { recursive: true, force: true });
});

const environment = (more: object = {}) => ({
  PATH: process.env["PATH"],
  HOME: data,
  DATA_DIR: join(data, "data"),
  ADMIN_KEY: adminKey,
  LOG_LEVEL: "warn",
  ...more,
});

/** Runs a command in the tree until it ends. */
const run = (program: string, args: readonly string[], more: object = {}) =>
  new Promise<{ exit: number; stdout: string; stderr: string }>((resolve) => {
    const options = { cwd: tree.folder, env: environment(more) as NodeJS.ProcessEnv };
    execFile(program, [...args], options, (error, stdout, stderr) => {
      resolve({ exit: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
const latchkey = (...args: string[]) => run(process.execPath, ["dist/src/latchkey.js", ...args]);
const npmRun = (script: string, ...args: string[]) => run("npm", ["run", "--silent", script, "--", ...args]);

test("the tree has neither source nor compiler", () => {
  for (const path of ["src", "tsconfig.json", "node_modules/typescript", "node_modules/jest", "dist/test"]) {
    expect([path, existsSync(join(tree.folder, path))]).toEqual([path, false]);
  }
  expect(existsSync(join(tree.folder, "node_modules/fastify"))).toBe(true);
});

test("`latchkey` says its version, its commands, and how each is used", async () => {
  expect(await latchkey("--version")).toEqual({ exit: 0, stdout: `${version}\n`, stderr: "" });
  const help = await latchkey("--help");
  const names = [
    "start",
    "worker",
    "migrate",
    "backup",
    "restore",
    "keys revoke",
    "secrets rotate",
    "storage sweep",
    "demo",
  ];
  expect(help.exit).toBe(0);
  for (const name of names) expect(help.stdout).toContain(`\n  ${name}`);

  for (const args of [[], ["keys"], ["revoke"], ["star"], ["--versions"]]) {
    const { exit, stdout, stderr } = await latchkey(...args);
    expect([exit, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("There is no such command");
  }
  expect(await latchkey("migrate", "now")).toMatchObject({
    exit: 1,
    stderr: "Nothing was done. Usage: latchkey migrate\n",
  });
});

test("every command works, beside a running server where that makes sense", async () => {
  expect(await npmRun("migrate")).toEqual({
    exit: 0,
    stdout: "The schema of the database is up to date.\n",
    stderr: "",
  });

  const PORT = String(await freePort());
  const env = environment({ PORT }) as NodeJS.ProcessEnv;
  server = spawn("npm", ["start"], { cwd: tree.folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  for (const stream of [server.stdout, server.stderr]) stream?.on("data", (text: Buffer) => (printed += String(text)));
  const exited = once(server, "exit");
  await eventually(() => printed.includes("Try it:"), 30_000);
  expect(printed).toContain(`Latchkey ${version} is ready.`);
  const url = `http://127.0.0.1:${PORT}`;
  expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: "ok", version });

  const admin = new Client(`${url}/graphql`, ["authorization", `Bearer ${adminKey}`]);
  const key = await (await TestApp.create({ url: admin.url, admin })).key();
  expect(await npmRun("backup", join(data, "copy"))).toMatchObject({ exit: 0, stderr: "" });
  expect(await npmRun("storage:sweep", "--dry-run")).toMatchObject({ exit: 0, stderr: "" });
  expect(await latchkey("storage", "sweep")).toMatchObject({ exit: 0, stderr: "" });
  expect(await latchkey("secrets", "rotate")).toMatchObject({ exit: 0, stderr: "" });
  expect(await key.code(`{ viewer { name } }`)).toBeUndefined();
  expect(await latchkey("keys", "revoke", "--all")).toMatchObject({
    exit: 0,
    stdout: expect.stringMatching(/^1 key /),
  });
  expect(await key.code(`{ viewer { name } }`)).toBe("UNAUTHENTICATED");

  // As service managers and containers stop it.
  server.kill("SIGTERM");
  expect(await exited).toEqual([0, null]);
  await expect(fetch(`${url}/healthz`)).rejects.toThrow("fetch failed");

  const restored = { DATA_DIR: join(data, "restored") };
  const restore = ["dist/src/latchkey.js", "restore", join(data, "copy")];
  expect(await run(process.execPath, restore, restored)).toMatchObject({ exit: 0, stderr: "" });
  expect(await latchkey("worker")).toMatchObject({
    exit: 1,
    stderr: expect.stringContaining("A worker needs REDIS_URL"),
  });
});

test("the demo works", async () => {
  expect(await npmRun("demo")).toMatchObject({
    exit: 0,
    stdout: expect.stringContaining("The demo finished"),
    stderr: "",
  });
});

test("no script of the server builds by itself", () => {
  const ofServer = [
    "start",
    "worker",
    "demo",
    "migrate",
    "secrets:rotate",
    "storage:sweep",
    "backup",
    "restore",
    "keys:revoke",
  ];
  for (const name of ofServer) expect(Object.entries(scripts)).toContainEqual([`pre${name}`, "node build.mjs"]);
  for (const name of ofServer) {
    const script = (scripts as Record<string, string>)[name] ?? "";
    expect(existsSync(join(tree.folder, / (dist\/\S+\.js) /.exec(script)?.[1] ?? "none"))).toBe(true);
  }
});

test("a checkout of the source is built and starts with the packages of production alone", async () => {
  tree.replaceBuildBySource();
  expect(existsSync(join(tree.folder, "node_modules/jest"))).toBe(false);
  const PORT = String(await freePort());
  const env = environment({ PORT, NODE_ENV: "production" }) as NodeJS.ProcessEnv;
  server = spawn("npm", ["start"], { cwd: tree.folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  for (const stream of [server.stdout, server.stderr]) stream?.on("data", (text: Buffer) => (printed += String(text)));
  const exited = once(server, "exit");
  await eventually(() => printed.includes("Try it:") || server?.exitCode != null, 150_000);
  expect(printed).toContain(`Latchkey ${version} is ready.`);
  server.kill("SIGTERM");
  expect(await exited).toEqual([0, null]);
}, 180_000);
