import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * The arguments of Node.js for a script of this folder that can read nothing but the program's own code and what it is
 * handed open: no other file, no write, no child process, no thread, no native addon, no code made of strings, and no
 * connection. The permission model covers the network from Node.js 25 on; for older versions `lockdown` takes it away.
 */
export const sandboxArguments = (script: string, heapMegabytes: number): string[] => [
  permissionOption,
  ...readablePaths().map((path) => `--allow-fs-read=${path}`),
  "--no-addons",
  "--disallow-code-generation-from-strings",
  "--no-warnings",
  `--max-old-space-size=${heapMegabytes}`,
  "--require",
  join(__dirname, "lockdown.js"),
  join(__dirname, script),
];

/** Node.js 20, and 22 before 22.13, know the permission model by the name of an experiment. */
const permissionOption = process.allowedNodeEnvironmentFlags.has("--permission")
  ? "--permission"
  : "--experimental-permission";

/** The code of this folder, the packages, and the descriptions that tell Node.js what kind of modules they are. */
function readablePaths(): string[] {
  const packages = (module.paths as readonly string[]).filter((path) => existsSync(path));
  const folders = [__dirname, ...packages].flatMap((path) => [`${path}/`, `${realpathSync(path)}/`]);
  return [...new Set([...folders, ...descriptionsAbove(__dirname)])];
}

/** The places of `package.json` in a folder and those above it, up to the first that exists. */
function descriptionsAbove(folder: string): string[] {
  const path = join(folder, "package.json");
  return existsSync(path) || dirname(folder) === folder ? [path] : [path, ...descriptionsAbove(dirname(folder))];
}
