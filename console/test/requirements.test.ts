import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildSchema } from "graphql";
import { type Grants, isOpen, openToKeys, parseRequirements } from "../src/api/requirements";

const text = readFileSync(join(__dirname, "../../schema.graphql"), "utf8");
const requirements = parseRequirements(text);
const runtime = ["RUN", "SESSION_CREATE", "SESSION_TERMINATE", "DOCUMENT_UPLOAD", "SESSION_VIEW"];
const nothing: Grants = { agents: "NONE", agentAccess: "ALL", runtime: [] };
const opened = (grants: Partial<Grants>): string[] =>
  requirements.filter((requirement) => isOpen(requirement, { ...nothing, ...grants })).map(({ field }) => field);

test("every root field of the schema has a requirement", () => {
  const schema = buildSchema(text);
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const fields = roots.flatMap((type) => Object.keys(type?.getFields() ?? {}));
  expect(requirements.map(({ field }) => field).sort()).toEqual(fields.sort());
  expect(requirements.filter(({ requires }) => requires === "")).toEqual([]);
});

test("a scope that grants nothing opens the viewer alone", () => {
  expect(opened({})).toEqual(["viewer"]);
});

test("each level on agents includes the ones before it", () => {
  expect(opened({ agents: "VIEW" })).toEqual(expect.arrayContaining(["agent", "agents"]));
  expect(opened({ agents: "EDIT" })).toEqual(expect.arrayContaining(["agent", "updateAgent"]));
  expect(opened({ agents: "FULL" })).toEqual(expect.arrayContaining(["updateAgent", "createAgent", "deleteAgent"]));
});

test("a scope that is confined to agents can't create any", () => {
  expect(opened({ agents: "FULL", agentAccess: "SELECTED" })).not.toContain("createAgent");
});

test("a runtime permission stands alone", () => {
  expect(opened({ runtime: ["SESSION_CREATE"] }).sort()).toEqual(["createSession", "viewer"]);
  expect(opened({ runtime: ["RUN"] })).toContain("executeAgent");
});

test("a level on keys includes the ones before it, and is none on agents", () => {
  expect(opened({ keys: "VIEW" })).toEqual(expect.arrayContaining(["apiKeys", "scopes"]));
  expect(opened({ keys: "VIEW" })).not.toEqual(expect.arrayContaining(["createApiKey"]));
  expect(opened({ keys: "MANAGE" })).toEqual(expect.arrayContaining(["apiKeys", "createApiKey"]));
  expect(opened({ keys: "MANAGE" })).not.toEqual(expect.arrayContaining(["agents"]));
});

test("no scope opens what is for administrators", () => {
  const fields = openToKeys(requirements, runtime).map(({ field }) => field);
  expect(fields).toEqual(expect.arrayContaining(["viewer", "run", "runEvents", "uploadDocument"]));
  for (const field of ["createScope", "apps", "auditLog", "administrators"]) expect(fields).not.toContain(field);
});

test("a role opens what the schema says, and of all apps only without a confinement", () => {
  expect(opened({ role: "KEY_MANAGER" })).toEqual(expect.arrayContaining(["createApiKey", "scopes"]));
  expect(opened({ role: "KEY_MANAGER" })).not.toContain("createApp");
  expect(opened({ role: "ADMIN", isConfined: false })).toContain("createApp");
  expect(opened({ role: "ADMIN", isConfined: true })).not.toContain("createApp");
});
