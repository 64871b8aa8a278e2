import { execFile } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Stands before what each block prints. No program that our documents run prints it. */
const separator = "\x1e";

/** Runs commands in a shell, as a person pastes them, and returns what they print. Fails at the first that fails. */
export const inShell = (commands: string, folder = process.cwd()): Promise<string> =>
  withPrograms({}, (path) => runScript(commands, folder, path));

/**
 * Runs the blocks of commands of our documents in one shell. npm and npx are replaced, since the server that the commands
 * talk to is running already.
 *
 * @returns what each block prints, on standard output and standard error
 * @throws Error at the first command that fails, with what its block printed until then
 */
export async function blocksInShell(blocks: readonly string[], folder: string): Promise<string[]> {
  const script = blocks.map((block) => `printf '${separator}'\n${block}\n`).join("");
  const printed = await withPrograms({ npm: "npm.js", npx: "npm.js" }, (path) =>
    runScript(`exec 2>&1\n${script}`, folder, path),
  );
  return printed.split(separator).slice(1);
}

async function runScript(script: string, folder: string, path: string): Promise<string> {
  const env = { ...process.env, PATH: path };
  try {
    return (await run("sh", ["-euc", script], { cwd: folder, env, maxBuffer: 10_000_000 })).stdout;
  } catch (error) {
    const { stdout = "", message } = error as Error & { stdout?: string };
    const printed = stdout.split(separator).at(-1) ?? "";
    throw new Error(`A command failed after this was printed:\n${printed}\n${message.slice(-2_000)}`, { cause: error });
  }
}

/** Calls `use` with a PATH on which curl is, whether it is installed or not, and each program is a script of ours. */
async function withPrograms<Result>(
  scripts: Readonly<Record<string, string>>,
  use: (path: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-bin-"));
  try {
    const needed = { ...((await isInstalled("curl")) ? {} : { curl: "curl.js" }), ...scripts };
    for (const [name, script] of Object.entries(needed)) {
      const command = `exec '${process.execPath}' '${resolve("test/support/shell", script)}' ${name} "$@"`;
      await writeFile(join(folder, name), `#!/bin/sh\n${command}\n`);
      await chmod(join(folder, name), 0o755);
    }
    return await use(`${folder}:${process.env["PATH"] ?? ""}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const isInstalled = (program: string): Promise<boolean> =>
  run("sh", ["-c", `command -v ${program}`]).then(
    () => true,
    () => false,
  );
