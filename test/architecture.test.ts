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
  "node-version": ["start-error"],
  outbound: [],
  secrets: ["key-file"],
  config: ["outbound", "secrets", "start-error"],
  masking: ["errors"],
  reading: [],
  database: ["config", "errors", "start-error"],
  "secrets-rotation": ["database", "secrets"],
  validation: ["config", "database", "errors"],
  auth: ["errors"],
  app: ["auth", "database", "errors", "validation"],
  scope: ["app", "auth", "database", "errors", "validation"],
  "api-key": ["app", "auth", "database", "deleted.payload", "errors", "scope", "validation"],
  session: ["app", "auth", "database", "errors", "validation"],
  document: ["app", "auth", "config", "database", "deleted.payload", "errors", "reading", "session", "validation"],
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
  run: ["agent", "app", "auth", "config", "database", "document", "errors", "model", "session", "validation"],
  termination: ["app", "auth", "database", "deleted.payload", "document", "errors", "run", "session"],
  viewer: ["api-key", "app", "auth", "scope"],
  tidying: ["database", "document", "run"],
  operation: ["auth", "config", "errors"],
  container: [...domains, "auth", "config", "database", "outbound", "reading", "secrets", "secrets-rotation"],
  schema: ["auth", "config", "container", "validation"],
  transport: ["api-key", "auth", "config", "container", "database", "document", "errors", "masking", "operation"],
  server: [
    ...domains,
    "key-file",
    "auth",
    "config",
    "container",
    "database",
    "node-version",
    "operation",
    "outbound",
    "reading",
    "schema",
    "secrets",
    "start-error",
    "tidying",
    "transport",
  ],
  welcome: ["server"],
  main: ["config", "log", "server", "start-error", "welcome"],
  cli: ["config", "container", "database", "log", "schema", "secrets", "secrets-rotation", "server", "start-error"],
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
