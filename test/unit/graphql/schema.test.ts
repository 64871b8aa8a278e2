import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSchema, type GraphQLField, type GraphQLObjectType, isObjectType } from "graphql";

const file = readFileSync("schema.graphql", "utf8");
const schema = buildSchema(file);
const permissions = ["RUN", "SESSION_CREATE", "SESSION_TERMINATE", "DOCUMENT_UPLOAD", "SESSION_VIEW"];
const requirement = new RegExp(
  `^\\[(any|admin|VIEW|EDIT|FULL|(${permissions.join("|")})( or (${permissions.join("|")}))*)\\](?= [A-Z\`]|$)`,
);

test("schema.graphql is what `npm run schema` writes, whatever the environment says", () => {
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

test("every query, mutation and subscription says first what it requires", () => {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const fields = roots.flatMap((root) => Object.values((root as GraphQLObjectType).getFields()));
  expect(fields.length).toBeGreaterThan(30);
  for (const { name, description } of fields)
    expect([name, description]).toEqual([name, expect.stringMatching(requirement)]);
});

test("so does every field of an object that not everybody gets who gets the object, and no other", () => {
  const guarded = Object.values(schema.getTypeMap())
    .filter((type): type is GraphQLObjectType => isObjectType(type) && !isRoot(type))
    .flatMap((type) => Object.values(type.getFields()).map((field) => [`${type.name}.${field.name}`, saidBy(field)]))
    .filter(([, said]) => said !== undefined);

  expect(Object.fromEntries(guarded)).toEqual({
    "App.callbackSecretCreatedAt": "[admin]",
    "Run.agent": "[VIEW]",
    "Scope.apiKeys": "[admin]",
    "Session.documents": "[SESSION_VIEW or DOCUMENT_UPLOAD]",
    "Session.messages": "[SESSION_VIEW]",
    "Session.runs": "[SESSION_VIEW]",
  });
});

const isRoot = (type: GraphQLObjectType) => ["Query", "Mutation", "Subscription"].includes(type.name);

const saidBy = ({ description }: GraphQLField<unknown, unknown>) => requirement.exec(description ?? "")?.[0];
