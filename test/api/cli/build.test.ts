import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "latchkey-build-"));
  for (const script of ["build.mjs", "bundle.mjs"]) cpSync(script, join(folder, script));
  cpSync("tsconfig.json", join(folder, "tsconfig.json"));
  cpSync("tsconfig.build.json", join(folder, "tsconfig.build.json"));
  mkdirSync(join(folder, "src"));
  mkdirSync(join(folder, "node_modules"));
  for (const name of ["typescript", "@types", "undici-types"]) {
    symlinkSync(resolve("node_modules", name), join(folder, "node_modules", name));
  }
  for (const name of ["main.ts", "latchkey.ts"]) writeFileSync(join(folder, "src", name), "export const one = 1;\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const build = () =>
  new Promise<{ exit: number; stderr: string }>((resolve) => {
    execFile(process.execPath, ["build.mjs"], { cwd: folder }, (error, stdout, stderr) => {
      resolve({ exit: error ? Number(error.code) : 0, stderr: stdout + stderr });
    });
  });
const inFuture = (seconds: number) => new Date(Date.now() + seconds * 1_000);
const builtAt = () => statSync(join(folder, "dist/src/main.js")).mtimeMs;

test("the source is built if it is newer than what is built, and only then", async () => {
  expect(await build()).toEqual({ exit: 0, stderr: "" });
  const first = builtAt();
  // The built files are run as a program.
  expect(statSync(join(folder, "dist/src/latchkey.js")).mode & 0o111).toBe(0o111);
  expect(await build()).toEqual({ exit: 0, stderr: "" });
  expect(builtAt()).toBe(first);

  writeFileSync(join(folder, "src/main.ts"), "export const two = 2;\n");
  utimesSync(join(folder, "src/main.ts"), inFuture(60), inFuture(60));
  expect(await build()).toEqual({ exit: 0, stderr: "" });
  expect(builtAt()).toBeGreaterThan(first);
});

test("the bundle has only characters of one byte, so that V8 uses it where it was read", () => {
  const source = readFileSync(join(__dirname, "../../../dist/bundle/commands.js"));
  expect(source.length).toBeGreaterThan(1_000_000);
  expect(source.some((byte: number) => byte > 0x7f)).toBe(false);
});

test("an old bundle is removed if there is no bundler, so that the build runs", async () => {
  const bundle = join(folder, "dist/bundle");
  mkdirSync(bundle);
  for (const name of ["commands.js", "commands.js.cache"]) {
    writeFileSync(join(bundle, name), "");
    utimesSync(join(bundle, name), inFuture(-60), inFuture(-60));
  }
  expect(await build()).toEqual({ exit: 0, stderr: "" });
  expect(existsSync(bundle)).toBe(false);
});

test("without a compiler, an old build runs with a warning, and no build is an error", async () => {
  rmSync(join(folder, "node_modules/typescript"));
  utimesSync(join(folder, "src/main.ts"), inFuture(120), inFuture(120));
  expect(await build()).toEqual({ exit: 0, stderr: expect.stringContaining("TypeScript is not installed") });
  rmSync(join(folder, "src"), { recursive: true });
  rmSync(join(folder, "tsconfig.build.json"));
  expect(await build()).toEqual({ exit: 0, stderr: "" });
  rmSync(join(folder, "dist"), { recursive: true });
  expect(await build()).toEqual({ exit: 1, stderr: expect.stringContaining("There is no build in dist") });
});
