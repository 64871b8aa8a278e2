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
    "App.callbackSecretCreatedAt": "[admin]",
    "Run.agent": "[VIEW]",
    "Scope.apiKeys": "[admin]",
    "Session.documents": "[SESSION_VIEW or DOCUMENT_UPLOAD]",
    "Session.messages": "[SESSION_VIEW]",
    "Session.runs": "[SESSION_VIEW]",
  });
});

const isRoot = (type: GraphQLObjectType) => ["Query", "Mutation", "Subscription"].includes(type.name);

const requirementIn = ({ description }: GraphQLField<unknown, unknown>) => requirement.exec(description ?? "")?.[0];
