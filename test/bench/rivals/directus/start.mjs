/** Directus with a collection of agents, and a static token whose policy may read and create them. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import Sqlite from "sqlite3";

const [adminToken, token] = ["the-administrators-token-of-the-benchmark", "the-token-of-the-benchmark"];
const dataDir = process.env.DATA_DIR;
const filename = join(dataDir, "directus.db");
Object.assign(process.env, {
  DB_CLIENT: "sqlite3",
  DB_FILENAME: filename,
  SECRET: "the-secret-of-the-benchmark",
  ADMIN_EMAIL: "admin@example.com",
  ADMIN_PASSWORD: "the-password-of-the-benchmark",
  ADMIN_TOKEN: adminToken,
  EXTENSIONS_PATH: join(dataDir, "extensions"),
  STORAGE_LOCAL_ROOT: join(dataDir, "uploads"),
  LOG_LEVEL: "error",
  TELEMETRY: "false",
  SERVE_APP: "false",
  RATE_LIMITER_ENABLED: "false",
  PRESSURE_LIMITER_ENABLED: "false",
});
const pathOf = createRequire(import.meta.url).resolve;
execFileSync(process.execPath, [pathOf("@directus/api/cli/run.js"), "bootstrap"], { stdio: ["ignore", 2, 2] });
// The mode of the journal stays with the file.
await new Promise((resolve, reject) => {
  const db = new Sqlite.Database(filename);
  db.exec("PRAGMA journal_mode = WAL", (error) => (error ? reject(error) : db.close(resolve)));
});

const { createServer } = await import("@directus/api/server");
const server = await createServer();
await once(server.listen(0, "127.0.0.1"), "listening");
const url = `http://127.0.0.1:${server.address().port}`;

async function post(path, body) {
  const response = await fetch(`${url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${adminToken}` },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return JSON.parse(text).data;
}
const text = (field, schema) => ({ field, type: schema.data_type ?? "string", schema });
await post("/collections", {
  collection: "agent",
  schema: {},
  fields: [
    { field: "id", type: "uuid", meta: { special: ["uuid"] }, schema: { is_primary_key: true, length: 36 } },
    text("name", { is_nullable: false, is_unique: true }),
    text("description", { data_type: "text", default_value: "" }),
    text("instructions", { data_type: "text", default_value: "" }),
    text("model", { is_nullable: false, default_value: "builtin:extractive" }),
    { field: "version", type: "integer", schema: { is_nullable: false, default_value: 1 } },
    { field: "createdAt", type: "timestamp", meta: { special: ["date-created"] }, schema: {} },
  ],
});
const policy = await post("/policies", { name: "bench", admin_access: false, app_access: false });
for (const action of ["read", "create"]) {
  await post("/permissions", { policy: policy.id, collection: "agent", action, fields: ["*"], permissions: {} });
}
const role = await post("/roles", { name: "bench", policies: { create: [{ policy: { id: policy.id } }] } });
await post("/users", { first_name: "bench", role: role.id, token });
console.log(`${url}/graphql\nauthorization: Bearer ${token}`);
