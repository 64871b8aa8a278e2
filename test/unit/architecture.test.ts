import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** The wings of src from the bottom up, each with the wings that it may import. */
const wings: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  platform: ["errors"],
  auth: ["errors"],
  config: ["platform"],
  "schema-types": ["errors"],
  retrieval: ["platform"],
  model: ["platform", "retrieval"],
  domain: ["auth", "errors", "model", "platform", "retrieval", "schema-types"],
  backup: ["config", "platform"],
  entities: ["domain", "platform"],
  container: ["auth", "config", "domain", "model", "platform", "retrieval"],
  api: ["auth", "config", "container", "domain", "errors", "platform", "schema-types"],
  timings: ["api", "domain", "model", "platform"],
  backend: ["auth", "config", "container", "domain", "entities", "model", "platform", "retrieval", "timings"],
  server: ["api", "auth", "backend", "config", "container", "domain", "model", "platform", "timings"],
  cli: ["api", "backend", "backup", "config", "domain", "entities", "platform", "server", "timings"],
  main: ["cli", "config", "platform", "server", "timings"],
  commands: ["cli", "main", "platform", "timings"],
  latchkey: ["commands", "platform"],
};

/** The rooms of a wing from the bottom up, each with the rooms of the same wing that it may import. */
const roomsOf: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  platform: {
    sqlite: [],
    url: [],
    process: [],
    tracing: ["process"],
    inbound: [],
    outbound: ["url"],
    oidc: ["outbound", "url"],
    metrics: ["process"],
    rates: [],
    redis: [],
    database: ["metrics", "process", "sqlite"],
    instance: ["database", "process"],
    secrets: ["database"],
    storage: ["process", "url"],
  },
  domain: {
    audit: [],
    app: ["audit"],
    scope: ["app", "audit"],
    "api-key": ["app", "audit", "scope"],
    administrator: ["api-key", "app", "audit"],
    usage: ["api-key", "app"],
    session: ["app"],
    document: ["app", "session"],
    agent: ["app", "audit", "scope"],
    "model-connection": ["agent", "app", "audit"],
    "tool-server": ["agent", "app", "audit"],
    callback: ["api-key", "app", "audit", "session"],
    event: ["api-key", "app", "audit", "callback"],
    run: ["agent", "api-key", "app", "callback", "document", "session", "tool-server", "usage"],
    "console-session": ["api-key", "app", "audit", "scope"],
    lifecycle: [
      "agent",
      "api-key",
      "app",
      "audit",
      "callback",
      "console-session",
      "document",
      "event",
      "model-connection",
      "run",
      "scope",
      "session",
      "tool-server",
      "usage",
    ],
    viewer: ["api-key", "app", "scope"],
  },
  api: {
    "common-headers": [],
    "when-closed": [],
    credential: [],
    doorkeeper: ["credential"],
    json: [],
    reports: [],
    origins: [],
    graphql: ["credential"],
    streams: ["common-headers", "credential", "doorkeeper", "graphql", "json", "origins", "reports", "when-closed"],
    "process-metrics": ["graphql", "streams"],
    console: ["credential", "doorkeeper", "graphql", "json", "origins", "streams"],
    http: [
      "common-headers",
      "console",
      "credential",
      "doorkeeper",
      "graphql",
      "json",
      "origins",
      "reports",
      "streams",
      "when-closed",
    ],
  },
};

const src = join(__dirname, "../../src");
const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
const sources = new Map(files.map((file) => [file, readFileSync(join(src, file), "utf8")]));
const sourceOf = (file: string) => sources.get(file) ?? "";
const part = (file: string, index: number) => (file.split("/")[index] ?? "").replace(/\.ts$/, "");
const wingOf = (file: string) => part(file, 0);
const roomOf = (file: string) => part(file, 1);

/** The imports of a file, static or dynamic: files of src by path, packages by name. */
function importsOf(file: string): { files: string[]; packages: string[] } {
  const specifiers = [...sourceOf(file).matchAll(/\b(?:from|import|require)\s*(?:\(\s*)?["']([^"'\n]+)["']/g)].map(
    ([, specifier = ""]) => specifier,
  );
  const relative = specifiers.filter((specifier) => specifier.startsWith("."));
  return {
    files: relative.map((specifier) => `${normalize(join(dirname(file), specifier)).replace(/\.js$/, "")}.ts`),
    packages: specifiers.filter((specifier) => !specifier.startsWith(".")),
  };
}

/** The entries that may import one that is not below them. */
const upwardImportsIn = (table: Readonly<Record<string, readonly string[]>>) => {
  const order = Object.keys(table);
  return Object.entries(table).flatMap(([name, below]) =>
    below.filter((other) => !order.slice(0, order.indexOf(name)).includes(other)).map((other) => `${name} -> ${other}`),
  );
};

test("the tables of wings and rooms allow no upward import", () => {
  expect(upwardImportsIn(wings)).toEqual([]);
  for (const rooms of Object.values(roomsOf)) expect(upwardImportsIn(rooms)).toEqual([]);
});

test("each file of src belongs to a wing, and to a room if its wing has rooms", () => {
  expect(files.filter((file) => !Object.hasOwn(wings, wingOf(file)))).toEqual([]);
  const withRooms = files.filter((file) => Object.hasOwn(roomsOf, wingOf(file)));
  expect(withRooms.filter((file) => !Object.hasOwn(roomsOf[wingOf(file)] ?? {}, roomOf(file)))).toEqual([]);
});

test.each(files)("%s imports only files below it", (file) => {
  const { files: imported } = importsOf(file);
  expect(imported.filter((other) => !sources.has(other))).toEqual([]);
  const wing = wingOf(file);
  const mayImport = (other: string): boolean => {
    if (wingOf(other) !== wing) return wings[wing]?.includes(wingOf(other)) === true;
    const rooms = roomsOf[wing];
    return !rooms || roomOf(other) === roomOf(file) || rooms[roomOf(file)]?.includes(roomOf(other)) === true;
  };
  const upward = imported.filter((other) => !mayImport(other)).map((other) => `${file} -> ${other}`);
  expect(upward).toEqual([]);
});

test("no imports form a cycle", () => {
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(" -> "));
    if (path.includes(file) || done.has(file)) return;
    for (const other of importsOf(file).files) visit(other, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  expect(cycles).toEqual([]);
});

test("only entry points read the environment, and only config.ts validates it", () => {
  const readers = files.filter((file) => /\bprocess\.env|\bprocess\[|= process;|node:process/.test(sourceOf(file)));
  expect(readers.filter((file) => !["config", "main", "cli"].includes(wingOf(file)))).toEqual([]);
});

test("the authorization does no input or output", () => {
  const used = files.filter((file) => wingOf(file) === "auth").flatMap((file) => importsOf(file).packages);
  expect([...new Set(used)].sort()).toEqual(["graphql", "reflect-metadata", "type-graphql"]);
});

test("no service depends on HTTP or GraphQL", () => {
  const services = files.filter((file) => file.endsWith(".service.ts"));
  expect(services.length).toBeGreaterThan(5);
  const imported = services.flatMap((file) => importsOf(file).packages);
  expect(imported.filter((name) => /graphql|apollo|fastify|node:https?|^ws$/.test(name))).toEqual([]);
});
