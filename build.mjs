// Builds the server, its bundle and the console if their source is newer than what is built. Scripts of package.json run
// it first, so that they never run an old build; where there is no source, or no compiler, they run what is there.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, statSync, utimesSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(fileURLToPath(import.meta.url));
const built = join(root, "dist/.tsbuildinfo");
const sources = ["src", "ormconfig.ts", "tsconfig.json", "tsconfig.build.json", "package-lock.json"];

const modifiedAt = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Directories too: removing a file changes only its directory. */
function newestIn(path) {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return modifiedAt(path);
  const entries = readdirSync(path, { recursive: true }).map((entry) => modifiedAt(join(path, entry)));
  return entries.reduce((one, other) => Math.max(one, other), modifiedAt(path));
}

function compiler() {
  try {
    return createRequire(import.meta.url).resolve("typescript/bin/tsc");
  } catch {
    return undefined;
  }
}

const isBuilt = existsSync(join(root, "dist/src/main.js"));
const hasSource = existsSync(join(root, "tsconfig.build.json"));
const isStale = !isBuilt || sources.some((source) => newestIn(join(root, source)) > modifiedAt(built));

if (hasSource && isStale) {
  const tsc = compiler();
  if (tsc !== undefined) {
    const startedAt = new Date();
    // A start does not wait for the check of types, which is a script of its own.
    const options = ["-p", "tsconfig.build.json", "--noCheck"];
    const { status } = spawnSync(process.execPath, [tsc, ...options], { cwd: root, stdio: "inherit" });
    if (status !== 0) process.exit(status ?? 1);
    chmodSync(join(root, "dist/src/latchkey.js"), 0o755);
    // The compiler does not touch it if nothing has changed. What changes during the build is newer.
    if (existsSync(built)) utimesSync(built, startedAt, startedAt);
  } else if (isBuilt) {
    process.stderr.write("The source is newer than dist, but TypeScript is not installed: running what is in dist.\n");
  }
}
if (!existsSync(join(root, "dist/src/main.js"))) {
  process.stderr.write("There is no build in dist. Install the packages with `npm ci`, and run `npm run build`.\n");
  process.exit(1);
}
for (const part of ["bundle.mjs", "console/build.mjs"]) {
  if (existsSync(join(root, part))) await import(pathToFileURL(join(root, part)).href);
}
