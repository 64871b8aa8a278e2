import { buildSchema, type DocumentNode, Kind, type OperationDefinitionNode, parse } from "graphql";
import { type Caller, unlimited } from "../../../src/auth/caller";
import { grantsOf } from "../../../src/auth/permissions";
import { OperationAuthorizer, type RawVariables } from "../../../src/auth/authorizer";

const schema = buildSchema(`type Query { open: Int, guarded: Int }`);
Object.assign(schema.getQueryType()?.getFields()["guarded"]?.extensions ?? {}, {
  requires: { kind: "admin", roles: [] },
});

const caller: Caller = {
  kind: "API_KEY",
  name: "key",
  granted: grantsOf({ agents: "FULL", runtime: [] }),
  keyId: "",
  scopeId: "",
  appId: "",
  limits: unlimited,
  sessions: "APP",
  endsAt: null,
  allowedAddresses: [],
  agentIds: null,
};
const newAuthorizer = () => new OperationAuthorizer(schema, { maxNodes: 10, maxPageSize: 10 });
const operationsOf = ({ definitions }: DocumentNode) =>
  definitions.filter((each): each is OperationDefinitionNode => each.kind === Kind.OPERATION_DEFINITION);

function isDenied(query: string, variables?: RawVariables): boolean {
  const document = parse(query);
  return operationsOf(document).some((each) => newAuthorizer().authorize(caller, document, each, variables).length > 0);
}

test("the requirements of a document are computed once for each of its operations", () => {
  const document = parse(`query One { open } query Other { guarded }`);
  const [one, other] = operationsOf(document) as [OperationDefinitionNode, OperationDefinitionNode];
  const authorizer = newAuthorizer();
  const computed = jest.spyOn(schema, "getRootType");
  for (let i = 0; i < 3; i++) {
    expect(authorizer.authorize(caller, document, one, undefined)).toEqual([]);
    expect(authorizer.authorize(caller, document, other, undefined)).toMatchObject([{ path: ["guarded"] }]);
  }
  expect(computed).toHaveBeenCalledTimes(2);
});

test("a variable that is absent has its default, whatever its name", () => {
  for (const name of ["on", "constructor", "__proto__", "toString"]) {
    const query = (value: string) => `query ($${name}: Boolean = ${value}) { open guarded @include(if: $${name}) }`;
    for (const variables of [undefined, {}, { other: true }]) {
      expect(isDenied(query("false"), variables)).toBe(false);
      expect(isDenied(query("true"), variables)).toBe(true);
    }
  }
});

test("a condition whose value is not a boolean counts as true", () => {
  const query = `query ($on: Boolean = false) { open guarded @include(if: $on) }`;
  for (const on of [null, 0, "false", {}]) expect(isDenied(query, { on })).toBe(true);
  expect(isDenied(query, { on: false })).toBe(false);
});
