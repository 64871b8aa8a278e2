import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSchema, type GraphQLField, type GraphQLObjectType, isObjectType } from "graphql";

const file = readFileSync("schema.graphql", "utf8");
const schema = buildSchema(file);
const permissions = ["RUN", "SESSION_CREATE", "SESSION_TERMINATE", "DOCUMENT_UPLOAD", "SESSION_VIEW"];
const anyOf = (names: readonly string[]) => `(${names.join("|")})( or (${names.join("|")}))*`;
const requirement = new RegExp(
  `^\\[(any|VIEW|EDIT|FULL|FULL on ALL|${anyOf(["admin", "KEY_MANAGER", "AUDITOR", "VIEW on keys", "MANAGE on keys"])}|${anyOf(["admin of all apps", "AUDITOR of all apps"])}|${anyOf([...permissions, "AUDITOR"])})\\](?= [A-Z\`]|$)`,
);

test("schema.graphql equals the output of `npm run schema` in any environment", () => {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-test-"));
  try {
    const script = join(__dirname, "../../../dist/src/cli/schema.js");
    execFileSync(process.execPath, [script], {
      cwd: folder,
      env: { ...process.env, PORT: "unusable", MAX_PAGE_SIZE: "7" },
    });
    expect(readFileSync(join(folder, "schema.graphql"), "utf8")).toBe(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the description of every query, mutation and subscription starts with its requirement", () => {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const fields = roots.flatMap((root) => Object.values((root as GraphQLObjectType).getFields()));
  expect(fields.length).toBeGreaterThan(30);
  for (const { name, description } of fields)
    expect([name, description]).toEqual([name, expect.stringMatching(requirement)]);
});

test("the description of a field of an object starts with a requirement only if the field requires more than the object", () => {
  const guarded = Object.values(schema.getTypeMap())
    .filter((type): type is GraphQLObjectType => isObjectType(type) && !isRoot(type))
    .flatMap((type) =>
      Object.values(type.getFields()).map((field) => [`${type.name}.${field.name}`, requirementIn(field)]),
    )
    .filter(([, required]) => required !== undefined);

  expect(Object.fromEntries(guarded)).toEqual({
    "ApiKey.description": "[admin or KEY_MANAGER or AUDITOR or VIEW on keys]",
    "ApiKey.owner": "[admin or KEY_MANAGER or AUDITOR or VIEW on keys]",
    "ApiKey.environment": "[admin or KEY_MANAGER or AUDITOR or VIEW on keys]",
    "ApiKey.tags": "[admin or KEY_MANAGER or AUDITOR or VIEW on keys]",
    "ApiKey.createdBy": "[admin or KEY_MANAGER or AUDITOR or VIEW on keys]",
    "ApiKey.lastUsedFrom": "[admin or KEY_MANAGER or AUDITOR or VIEW on keys]",
    "ApiKey.revokedBy": "[admin or KEY_MANAGER or AUDITOR or VIEW on keys]",
    "ApiKey.revokedReason": "[admin or KEY_MANAGER or AUDITOR or VIEW on keys]",
    "ApiKey.successor": "[admin or KEY_MANAGER or AUDITOR or VIEW on keys]",
    "ApiKey.predecessor": "[admin or KEY_MANAGER or AUDITOR or VIEW on keys]",
    "ApiKey.tripwire": "[admin or KEY_MANAGER or AUDITOR]",
    "ApiKey.usage": "[admin or KEY_MANAGER or AUDITOR]",
    "ApiKey.allowedAddresses": "[admin or KEY_MANAGER or AUDITOR or VIEW on keys]",
    "Scope.allowedAddresses": "[admin or KEY_MANAGER or AUDITOR or VIEW on keys]",
    "Scope.tags": "[admin or KEY_MANAGER or AUDITOR or VIEW on keys]",
    "App.callbackSecretCreatedAt": "[admin or AUDITOR]",
    "App.eventHost": "[admin or AUDITOR]",
    "AppLimits.usage": "[admin or KEY_MANAGER or AUDITOR]",
    "Run.agent": "[VIEW]",
    "Run.apiKey": "[SESSION_VIEW]",
    "Run.metadata": "[SESSION_VIEW]",
    "Run.startedBy": "[SESSION_VIEW]",
    "RunToolCall.arguments": "[SESSION_VIEW]",
    "RunReasoning.text": "[SESSION_VIEW]",
    "RunToolResult.result": "[SESSION_VIEW]",
    "Scope.apiKeys": "[admin or KEY_MANAGER or AUDITOR or VIEW on keys]",
    "Session.documents": "[SESSION_VIEW or DOCUMENT_UPLOAD]",
    "Session.messages": "[SESSION_VIEW]",
    "Session.metadata": "[SESSION_VIEW]",
    "Session.runs": "[SESSION_VIEW]",
    "Session.userReference": "[SESSION_VIEW]",
  });
});

const isRoot = (type: GraphQLObjectType) => ["Query", "Mutation", "Subscription"].includes(type.name);

const requirementIn = ({ description }: GraphQLField<unknown, unknown>) => requirement.exec(description ?? "")?.[0];
