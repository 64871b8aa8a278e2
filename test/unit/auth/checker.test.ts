import { type GraphQLResolveInfo, isObjectType } from "graphql";
import { administrator, type Caller } from "../../../src/auth/caller";
import { grantsOf } from "../../../src/auth/permissions";
import { readConfig } from "../../../src/config";
import { createSchema } from "../../../src/api/graphql/schema";
import { access, accessOf, type Grant, grants, permissionsOf } from "../../support/access-table";
import { node } from "../../support/node";

/** The second line of defense behind the OperationAuthorizer: each resolver checks its caller, on every path to it. */
const schema = createSchema(readConfig({}).limits);

const callerOf = (grant: Grant): Caller =>
  grant === "admin"
    ? administrator
    : { kind: "API_KEY", name: "key", granted: grantsOf(permissionsOf[grant]), keyId: "", scopeId: "", appId: "" };

/** Has every field that an input requires, so that only a missing permission keeps a caller from the method. */
const anyInput = node.structuredClone({
  name: "Ada",
  description: "",
  instructions: "",
  model: "builtin:extractive",
  timeoutSeconds: 1,
  onInterrupt: "FAIL",
  tools: [],
  permissions: { agents: "NONE", runtime: [] },
  revokeKeys: false,
  text: "Hello",
  onBusy: "ENQUEUE",
  waitMs: 0,
});

/** Calls the resolver of a field directly. */
async function resolve(coordinate: string, grant: Grant): Promise<{ reached: unknown[]; thrown: unknown }> {
  const [typeName = "", name = ""] = coordinate.split(".");
  const type = schema.getType(typeName);
  const field = isObjectType(type) ? type.getFields()[name] : undefined;
  if (!isObjectType(type) || !field?.resolve) throw new Error(`${coordinate} has no resolver`);

  const reached: unknown[] = [];
  const methods = { [name]: () => void reached.push(name) };
  const context = { caller: callerOf(grant), resolvers: { get: () => methods } };
  const args = { input: anyInput, first: 1 };
  const path = { key: name, prev: undefined, typename: typeName };
  const info = { path, parentType: type, fieldName: name } as GraphQLResolveInfo;
  try {
    await field.resolve(null, args, context, info);
    return { reached, thrown: undefined };
  } catch (thrown) {
    return { reached, thrown };
  }
}

describe.each(grants)("a caller with %s", (grant) => {
  test.each([...access.keys()])("reaches %s only if the access table opens it", async (coordinate) => {
    const { opens, required } = accessOf(coordinate);
    const name = coordinate.split(".")[1];
    const { reached, thrown } = await resolve(coordinate, grant);

    if (opens.has(grant)) {
      expect({ reached, thrown }).toEqual({ reached: [name], thrown: undefined });
    } else {
      expect(reached).toEqual([]);
      expect(thrown).toMatchObject({ path: [name], extensions: { code: "FORBIDDEN", required } });
    }
  });
});
