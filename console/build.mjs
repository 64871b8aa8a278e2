// Builds the console into dist/console if its source is newer than what is built. Its packages are for development
// alone: where they are not installed, what is there is served.
import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = dirname(fileURLToPath(import.meta.url));
const built = join(folder, "../dist/console/index.html.br");
const sources = [
  ...["src", "public", "build", "index.html", "package.json", "vite.config.ts", "codegen.mjs"],
  ...["../schema.graphql", "../package-lock.json"],
];

const modifiedAt = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Directories too: removing a file changes only its directory. */
function newestIn(path) {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return modifiedAt(path);
  const entries = readdirSync(path, { recursive: true }).map((entry) => modifiedAt(join(path, entry)));
  return entries.reduce((one, other) => Math.max(one, other), modifiedAt(path));
}

function vite() {
  try {
    return join(dirname(createRequire(import.meta.url).resolve("vite/package.json")), "bin/vite.js");
  } catch {
    return undefined;
  }
}

const builder = vite();
if (builder !== undefined && sources.some((source) => newestIn(join(folder, source)) > modifiedAt(built))) {
  for (const program of [["codegen.mjs"], [builder, "build", "--logLevel", "warn"]]) {
    // Tests build too, and would have the development build of React.
    const env = { ...process.env, NODE_ENV: "production" };
    const { status } = spawnSync(process.execPath, program, {
      cwd: folder,
      env,
      stdio: ["ignore", "ignore", "inherit"],
    });
    if (status !== 0) process.exit(status ?? 1);
  }
}
