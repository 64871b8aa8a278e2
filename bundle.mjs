// Makes one file of the built server's modules, and stores what V8 compiles of it while the demo runs: a start loads
// 1,700 modules otherwise. The bundler is a package for development; without it, the server runs from its modules.
import { existsSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.url));
const modules = join(root, "dist/src");
const folder = join(root, "dist/bundle");
const bundle = join(folder, "commands.js");
const cache = `${bundle}.cache`;

const require = createRequire(import.meta.url);
const modifiedAt = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

async function bundler() {
  try {
    return await import("rolldown");
  } catch {
    return undefined;
  }
}

/**
 * The packages that a start loads, with those that they need. The other ones are loaded when they are needed, or have
 * parts that are not JavaScript.
 */
const bundled = [
  ...["@apollo/server", "@as-integrations/fastify", "@fastify/cors", "@opentelemetry/api", "async-mutex", "dataloader"],
  ...["fastify", "graphql", "graphql-scalars", "graphql-sse", "graphql-upload-minimal", "graphql-ws", "ipaddr.js"],
  ...[
    "lru-cache",
    "negotiator",
    "pino",
    "rate-limiter-flexible",
    "reflect-metadata",
    "type-graphql",
    "typeorm",
    "uuid",
    "ws",
    "zod",
  ],
];
/** What packages load on some conditions, none of which holds here. */
const neverLoaded =
  /^(?:@fastify\/(?:ajv-compiler|fast-json-stringify-compiler)|@google-cloud\/spanner|@sap\/hana-client|better-sqlite3|bufferutil|expo-sqlite|hdb-pool|ioredis|mongodb|mssql|mysql2?|oracledb|pg|pg-native|pg-query-stream|react-native-sqlite-storage|redis|sql\.js|sqlite3|typeorm-aurora-data-api-driver|typescript|utf-8-validate|valkey-glide)(?:\/|$)/;

const isOwn = (id) => id.startsWith(modules);
const nameOf = (id) => id.split("/", id.startsWith("@") ? 2 : 1).join("/");

function isExternal(id, importer) {
  if (id.startsWith(".") || id.startsWith("/")) return false;
  if (id.startsWith("node:") || neverLoaded.test(id)) return true;
  return importer !== undefined && isOwn(importer) && !bundled.includes(nameOf(id));
}

/** Modules find files beside them, such as the scripts of worker processes, and packages that are not in the bundle. */
const keepSurroundings = {
  name: "keep-surroundings",
  transform(code, id) {
    if (!isOwn(id)) return null;
    const path = relative(folder, id);
    const own = (name) => `require("node:path").join(__dirname, ${JSON.stringify(name)})`;
    return code
      .replace(/\b__dirname\b/g, own(dirname(path)))
      .replace(/\b__filename\b/g, own(path))
      .replace(/\bimport\((?="[^."])/g, "importModule(");
  },
};

const isStale = !existsSync(cache) || modifiedAt(join(root, "dist/.tsbuildinfo")) > modifiedAt(cache);
const rolldown = isStale ? await bundler() : undefined;
if (rolldown) {
  // V8 takes a cache for that of any source of the same length.
  rmSync(folder, { recursive: true, force: true });
  const build = await rolldown.rolldown({
    input: join(modules, "commands.js"),
    platform: "node",
    external: isExternal,
    plugins: [keepSurroundings],
    logLevel: "silent",
  });
  await build.write({ file: bundle, format: "cjs", codeSplitting: false, keepNames: true });
  const { saveCompiled } = require(join(modules, "platform/process/compiled-module.js"));
  process.argv = [process.argv[0], bundle, "demo"];
  const write = process.stdout.write;
  process.stdout.write = () => true;
  await saveCompiled(bundle, ({ main }) => main());
  process.stdout.write = write;
}
