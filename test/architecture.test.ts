import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const domains = [
  "app",
  "scope",
  "api-key",
  "session",
  "document",
  "model",
  "agent",
  "model-connection",
  "callback",
  "run",
  "termination",
  "viewer",
];

/** The rooms of src from the bottom up, and the rooms each may import from besides itself: always such as stand above. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  "deleted.payload": [],
  log: [],
  "start-error": [],
  "key-file": [],
  sqlite: [],
  outbound: [],
  secrets: ["key-file"],
  storage: ["start-error"],
  config: ["outbound", "secrets", "start-error", "storage"],
  backup: ["config", "sqlite", "start-error", "storage"],
  masking: ["errors"],
  reading: ["sqlite"],
  database: ["config", "errors", "sqlite", "start-error"],
  "secrets-rotation": ["database", "secrets"],
  instance: ["database"],
  redis: ["config"],
  validation: ["config", "database", "errors"],
  auth: ["errors"],
  app: ["auth", "database", "errors", "validation"],
  scope: ["app", "auth", "database", "errors", "validation"],
  "api-key": ["app", "auth", "database", "deleted.payload", "errors", "scope", "validation"],
  session: ["app", "auth", "database", "errors", "validation"],
  document: [
    "app",
    "auth",
    "config",
    "database",
    "deleted.payload",
    "errors",
    "instance",
    "reading",
    "secrets",
    "session",
    "storage",
    "validation",
  ],
  tool: ["outbound"],
  model: ["outbound", "reading", "tool"],
  agent: ["app", "auth", "database", "deleted.payload", "errors", "model", "outbound", "tool", "validation"],
  "model-connection": [
    "agent",
    "app",
    "auth",
    "database",
    "deleted.payload",
    "errors",
    "model",
    "outbound",
    "reading",
    "secrets",
    "secrets-rotation",
    "validation",
  ],
  callback: ["app", "auth", "database", "errors", "outbound", "secrets", "secrets-rotation"],
  run: [
    "agent",
    "app",
    "auth",
    "callback",
    "config",
    "database",
    "document",
    "errors",
    "instance",
    "model",
    "redis",
    "session",
    "storage",
    "validation",
  ],
  termination: [
    "agent",
    "api-key",
    "app",
    "auth",
    "database",
    "deleted.payload",
    "document",
    "errors",
    "model-connection",
    "run",
    "scope",
    "session",
  ],
  viewer: ["api-key", "app", "auth", "scope"],
  "storage-sweep": ["database", "document", "storage"],
  tidying: ["callback", "config", "database", "run", "storage", "storage-sweep", "termination"],
  operation: ["auth", "config", "errors"],
  container: [
    ...domains,
    "auth",
    "config",
    "database",
    "instance",
    "outbound",
    "reading",
    "secrets",
    "secrets-rotation",
    "storage",
  ],
  schema: ["auth", "config", "container", "validation"],
  transport: [
    "api-key",
    "auth",
    "config",
    "container",
    "database",
    "document",
    "errors",
    "masking",
    "operation",
    "storage",
  ],
  backend: [
    ...domains,
    "auth",
    "config",
    "container",
    "database",
    "instance",
    "outbound",
    "reading",
    "redis",
    "secrets",
    "start-error",
    "storage",
  ],
  server: [
    "api-key",
    "auth",
    "backend",
    "config",
    "container",
    "key-file",
    "model",
    "operation",
    "schema",
    "start-error",
    "tidying",
    "transport",
  ],
  welcome: ["server"],
  "until-stopped": [],
  main: ["config", "log", "server", "start-error", "until-stopped", "welcome"],
  cli: [
    "api-key",
    "backend",
    "backup",
    "config",
    "container",
    "database",
    "log",
    "schema",
    "secrets",
    "secrets-rotation",
    "server",
    "start-error",
    "until-stopped",
    "storage",
    "storage-sweep",
  ],
};

const src = join(__dirname, "../src");
const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
const sources = new Map(files.map((file) => [file, readFileSync(join(src, file), "utf8")]));
const sourceOf = (file: string) => sources.get(file) ?? "";
const roomOf = (file: string) => (file.split("/")[0] ?? "").replace(/\.ts$/, "");

/** What a file imports, in any of the ways there are: files of src by their path, packages by their name. */
function importsOf(file: string): { files: string[]; packages: string[] } {
  const specifiers = [...sourceOf(file).matchAll(/\b(?:from|import|require)\s*\(?\s*["']([^"'\n]+)["']/g)].map(
    ([, specifier = ""]) => specifier,
  );
  const own = specifiers.filter((specifier) => specifier.startsWith("."));
  return {
    files: own.map((specifier) => `${normalize(join(dirname(file), specifier)).replace(/\.js$/, "")}.ts`),
    packages: specifiers.filter((specifier) => !specifier.startsWith(".")),
  };
}

test("no room may import from one above itself, so that there is no way in a circle", () => {
  const order = Object.keys(rooms);
  const upward = Object.entries(rooms).flatMap(([room, below]) =>
    below.filter((other) => order.indexOf(other) === -1 || order.indexOf(other) >= order.indexOf(room)),
  );
  expect(upward).toEqual([]);
});

test("each room of src has its place", () => {
  expect(files.map(roomOf).filter((room) => !Object.hasOwn(rooms, room))).toEqual([]);
});

test.each(files)("%s imports from the rooms below it alone", (file) => {
  const { files: imported } = importsOf(file);
  expect(imported.filter((other) => !sources.has(other))).toEqual([]);
  const allowed = [roomOf(file), ...(rooms[roomOf(file)] ?? [])];
  expect(imported.map(roomOf).filter((room) => !allowed.includes(room))).toEqual([]);
});

test("no file imports itself, by whatever way", () => {
  const reach = (file: string, reached = new Set<string>()): Set<string> => {
    for (const other of importsOf(file).files) if (!reached.has(other)) reach(other, reached.add(other));
    return reached;
  };
  expect(files.filter((file) => reach(file).has(file))).toEqual([]);
});

test("the environment is read at the entry points and checked in config.ts, and nowhere else", () => {
  const readers = files.filter((file) => /\bprocess\.env|\bprocess\[|= process;|node:process/.test(sourceOf(file)));
  expect(readers.filter((file) => !["config", "main", "cli"].includes(roomOf(file)))).toEqual([]);
});

test("what decides on access does no input or output", () => {
  const used = files.filter((file) => roomOf(file) === "auth").flatMap((file) => importsOf(file).packages);
  expect([...new Set(used)].sort()).toEqual(["graphql", "reflect-metadata", "type-graphql"]);
});

test("no service knows HTTP or GraphQL", () => {
  const services = files.filter((file) => file.endsWith(".service.ts"));
  expect(services.length).toBeGreaterThan(5);
  const known = services.flatMap((file) => importsOf(file).packages);
  expect(known.filter((name) => /graphql|apollo|fastify|node:https?|^ws$/.test(name))).toEqual([]);
});
