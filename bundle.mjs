// Makes one file of the built server's modules, and stores what V8 compiles of it while the demo runs: a start loads
// 1,700 modules otherwise. The bundler is a package for development; without it, the server runs from its modules.
import { spawnSync } from "node:child_process";
import { rmSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.url));
const modules = join(root, "dist/src");
const folder = join(root, "dist/bundle");
const bundle = join(folder, "commands.js");
const cache = `${bundle}.cache`;

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
const bundled = new Set(
  `@apollo/server @as-integrations/fastify @fastify/cors @opentelemetry/api async-mutex dataloader fastify graphql
  graphql-scalars graphql-sse graphql-upload-minimal graphql-ws ipaddr.js lru-cache negotiator pino rate-limiter-flexible
  reflect-metadata type-graphql typeorm uuid ws zod`.split(/\s+/),
);
/** Packages that others load on some conditions, none of which holds here. */
const neverLoaded =
  /^(?:@fastify\/(?:ajv-compiler|fast-json-stringify-compiler)|@google-cloud\/spanner|@sap\/hana-client|better-sqlite3|bufferutil|expo-sqlite|hdb-pool|ioredis|mongodb|mssql|mysql2?|oracledb|pg|pg-native|pg-query-stream|react-native-sqlite-storage|redis|sql\.js|sqlite3|typeorm-aurora-data-api-driver|typescript|utf-8-validate|valkey-glide)(?:\/|$)/;

const isOwn = (id) => id.startsWith(modules);
const nameOf = (id) => id.split("/", id.startsWith("@") ? 2 : 1).join("/");

function isExternal(id, importer) {
  if (id.startsWith(".") || id.startsWith("/")) return false;
  if (id.startsWith("node:") || neverLoaded.test(id)) return true;
  return importer !== undefined && isOwn(importer) && !bundled.has(nameOf(id));
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

/** What requireCompiled() evaluates: a function, as Node.js makes one of each CommonJS module. */
const moduleStart = "(function (exports, require, module, __filename, __dirname, importModule) {";
const moduleEnd = "})";

/** Keeps what V8 has compiled once the demo has used it. The demo also shows that the bundle is whole. */
const saveCache = `
  const { saveCompiled } = require(${JSON.stringify(join(modules, "platform/process/compiled-module.js"))});
  void saveCompiled(${JSON.stringify(bundle)}, ({ main }) => main());
`;

const newest = Math.max(modifiedAt(join(root, "dist/.tsbuildinfo")), modifiedAt(fileURLToPath(import.meta.url)));
if (newest > modifiedAt(cache)) {
  // Without the bundler, the modules run, and not an old bundle. V8 would take an old cache for any source of its length.
  rmSync(folder, { recursive: true, force: true });
  const rolldown = await bundler();
  if (rolldown) {
    const build = await rolldown.rolldown({
      input: join(modules, "commands.js"),
      platform: "node",
      external: isExternal,
      plugins: [keepSurroundings],
      // Modules have no such function in a bundle, without which a package of Apollo Server would hash in JavaScript.
      transform: { define: { "module.require": "require" } },
      logLevel: "silent",
    });
    await build.write({
      file: bundle,
      format: "cjs",
      codeSplitting: false,
      keepNames: true,
      comments: false,
      // V8 would keep two bytes for each character if one of them needed two.
      charset: "ascii",
      postBanner: moduleStart,
      postFooter: moduleEnd,
    });
    const { status } = spawnSync(process.execPath, ["--eval", saveCache, "latchkey", "demo"], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    if (status !== 0) {
      rmSync(folder, { recursive: true });
      process.exit(status ?? 1);
    }
  }
}
