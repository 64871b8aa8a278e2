import { type FieldNode, type GraphQLResolveInfo, isObjectType } from "graphql";
import { administrator, type Caller, unlimited } from "../../../src/auth/caller";
import { grantsOf, grantsOfRole } from "../../../src/auth/permissions";
import { readConfig } from "../../../src/config";
import { createSchema } from "../../../src/api/graphql/schema";
import { ResponseBudget } from "../../../src/platform/process/response-budget";
import { access, accessOf, type Grant, grants, isRole, permissionsOf, type TestRole } from "../../support/access-table";
import { node } from "../../support/node";

/** The second line of defense behind the OperationAuthorizer: each resolver checks its caller, on every path to it. */
const schema = createSchema(readConfig({}).limits);

const callerOf = (grant: Grant): Caller =>
  isRole(grant) || grant === "admin"
    ? administratorWith(grant)
    : {
        kind: "API_KEY",
        name: "key",
        granted: grantsOf(permissionsOf[grant]),
        keyId: "",
        scopeId: "",
        appId: "",
        limits: unlimited,
        sessions: "APP",
        endsAt: null,
        allowedAddresses: [],
        agentIds: null,
      };

function administratorWith(grant: TestRole | "admin"): Caller {
  if (grant === "admin") return administrator;
  const [role, appIds] = grant === "CONFINED_ADMIN" ? (["ADMIN", [""]] as const) : ([grant, null] as const);
  return { ...administrator, role, appIds, granted: grantsOfRole(role, appIds !== null) };
}

/** Has every field that an input requires, so that only a missing permission keeps a caller from the method. */
const anyInput = node.structuredClone({
  name: "Ada",
  description: "",
  instructions: "",
  model: "builtin:extractive",
  timeoutSeconds: 1,
  onInterrupt: "FAIL",
  tools: [],
  tags: [],
  enabled: true,
  allowedAddresses: [],
  permissions: { agents: "NONE", runtime: [], sessions: "APP", agentAccess: "ALL", agentIds: [], keys: "NONE" },
  url: "https://example.com",
  headers: [],
  revokeKeys: false,
  runs: "CANCEL",
  text: "Hello",
  onBusy: "ENQUEUE",
  waitMs: 0,
  overlapSeconds: 0,
  endOldOnFirstUse: false,
  dryRun: false,
  role: "AUDITOR",
});

/** Calls the resolver of a field directly. */
async function resolve(coordinate: string, grant: Grant): Promise<{ reached: unknown[]; thrown: unknown }> {
  const [typeName = "", name = ""] = coordinate.split(".");
  const type = schema.getType(typeName);
  const field = isObjectType(type) ? type.getFields()[name] : undefined;
  if (!isObjectType(type) || !field?.resolve) throw new Error(`${coordinate} has no resolver`);

  const reached: unknown[] = [];
  const reach = () => void reached.push(name);
  const methods = { [name]: reach };
  // A field of an object without a method is read from it.
  const isRoot = ["Query", "Mutation", "Subscription"].includes(typeName);
  const root = isRoot ? null : Object.defineProperty({}, name, { get: reach });
  const access = { beforeMutationField: () => Promise.resolve(void reached.push("rights")) };
  const response = new ResponseBudget(1_000_000);
  const context = { caller: callerOf(grant), response, access, resolvers: { get: () => methods } };
  const args = { input: anyInput, first: 1, groupBy: [] };
  const path = { key: name, prev: undefined, typename: typeName };
  const fieldNodes: readonly FieldNode[] = [];
  const info = { path, parentType: type, fieldName: name, schema, fieldNodes } as Partial<GraphQLResolveInfo>;
  try {
    await field.resolve(root, args, context, info as GraphQLResolveInfo);
    return { reached, thrown: undefined };
  } catch (thrown) {
    return { reached, thrown };
  }
}

describe.each(grants)("a caller with %s", (grant) => {
  test.each([...access.keys()])(
    "reaches %s only if the access table opens it, a mutation once its rights were asked for again",
    async (coordinate) => {
      const { opens, required, described } = accessOf(coordinate);
      const name = coordinate.split(".")[1];
      const isMutation = coordinate.startsWith("Mutation.");
      const { reached, thrown } = await resolve(coordinate, grant);

      if (opens.has(grant)) {
        expect({ reached, thrown }).toEqual({ reached: isMutation ? ["rights", name] : [name], thrown: undefined });
      } else {
        expect(reached).toEqual([]);
        expect(thrown).toMatchObject({
          path: [name],
          extensions: { code: "FORBIDDEN", required: isRole(grant) ? described : required },
        });
      }
    },
  );
});
