import { randomUUID } from "node:crypto";
import fc from "fast-check";
import {
  type DirectiveNode,
  getNamedType,
  type GraphQLNamedType,
  isInterfaceType,
  isObjectType,
  Kind,
  OperationTypeNode,
  parse,
  type SelectionSetNode,
  validate,
} from "graphql";
import { readConfig } from "../../../src/config";
import { createSchema } from "../../../src/api/graphql/schema";
import { access, type Access, opensTo } from "../../support/access-table";
import type { Client } from "../../support/client";
import { randomOperation, type RandomOperation } from "../../support/random-operation";
import { useServer } from "../../support/server";
import { statementsOf } from "../../support/statements";
import { timingsWithoutPolling } from "../../support/timings";
import { errorsOf, overSse } from "../../support/stream-clients";
import { allPermissions, type TestPermissions } from "../../support/test-app";

const server = useServer({}, {}, undefined, timingsWithoutPolling);
const schema = createSchema(readConfig({}).limits);

type Permissions = Required<TestPermissions>;
/** Every scope: each level, with each set of runtime permissions. */
const scopes: readonly Permissions[] = (["NONE", "VIEW", "EDIT", "FULL"] as const).flatMap((agents) =>
  Array.from({ length: 32 }, (_, set) => ({
    agents,
    runtime: allPermissions.runtime.filter((_, i) => set & (1 << i)),
  })),
);

/** The index of a scope; undefined half the time, to be chosen by the operation. */
const anyScope = fc.option(fc.nat(scopes.length - 1), { nil: undefined, freq: 1 });

const anyOperation = fc
  .array(fc.nat(9_999), { minLength: 40, maxLength: 160, size: "max" })
  .map((numbers) => randomOperation(schema, numbers))
  // An alias may equal the name of a sibling field, which conflicts.
  .filter(({ query }) => validate(schema, parse(query)).length === 0);

const operationsOf = (query: string) =>
  parse(query).definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);

/** A requested field that the access table lists. */
interface GuardedField {
  /** Its path in the response. */
  readonly path: readonly string[];
  readonly entry: Access;
}

/** The oracle: finds the guarded fields of an operation by a plain walk through the document. */
function guardedFieldsOf({ query, operationName, variables }: RandomOperation): readonly GuardedField[] {
  const { definitions } = parse(query);
  const operation = operationsOf(query).find(
    ({ name }) => operationName === undefined || name?.value === operationName,
  );
  if (!operation) throw new Error("The document has no such operation");
  const guarded: GuardedField[] = [];
  walk(operation.selectionSet, schema.getRootType(operation.operation), []);
  return guarded;

  function walk({ selections }: SelectionSetNode, type: GraphQLNamedType | null | undefined, path: string[]): void {
    if (!isObjectType(type) && !isInterfaceType(type)) throw new Error("Only objects have fields");
    for (const selection of selections) {
      if (!selection.directives?.every(isIncluded)) continue;

      if (selection.kind === Kind.INLINE_FRAGMENT) {
        const { typeCondition } = selection;
        walk(selection.selectionSet, typeCondition ? schema.getType(typeCondition.name.value) : type, path);
      } else if (selection.kind === Kind.FRAGMENT_SPREAD) {
        for (const fragment of definitions) {
          if (fragment.kind !== Kind.FRAGMENT_DEFINITION || fragment.name.value !== selection.name.value) continue;
          walk(fragment.selectionSet, schema.getType(fragment.typeCondition.name.value), path);
        }
      } else {
        const name = selection.name.value;
        const field = type.getFields()[name];
        if (!field) continue;
        const fieldPath = [...path, selection.alias?.value ?? name];
        const entry = access.get(`${type.name}.${name}`);
        if (entry) guarded.push({ path: fieldPath, entry });
        if (selection.selectionSet) walk(selection.selectionSet, getNamedType(field.type), fieldPath);
      }
    }
  }

  /** Whether a directive includes its field. A value that is not a boolean does, as coercion refuses it only later. */
  function isIncluded({ name, arguments: [condition] = [] }: DirectiveNode): boolean {
    if (condition?.value.kind === Kind.BOOLEAN) return condition.value.value === (name.value === "include");
    if (condition?.value.kind !== Kind.VARIABLE) throw new Error("A condition is a boolean or a variable");
    const variable = condition.value.name.value;
    const declared = operation?.variableDefinitions?.find((each) => each.variable.name.value === variable);
    const fallback = declared?.defaultValue?.kind === Kind.BOOLEAN ? declared.defaultValue.value : undefined;
    const value = Object.hasOwn(variables, variable) ? variables[variable] : fallback;
    return typeof value !== "boolean" || value === (name.value === "include");
  }
}

/** The smallest scope that opens the root fields, so that all denials lie below them. */
const minScope = (guarded: readonly GuardedField[]): number => {
  const roots = guarded.filter(({ path }) => path.length === 1);
  return Math.max(
    0,
    scopes.findIndex((permissions) => roots.every(({ entry }) => opensTo(permissions, entry))),
  );
};

const denialsOf = (guarded: readonly GuardedField[], permissions: Permissions): string[] => {
  const denied = guarded.filter(({ entry }) => !opensTo(permissions, entry));
  return [...new Set(denied.map(({ path, entry }) => denialOf(path, entry.required)))].sort();
};

const denialOf = (path: readonly unknown[], required: unknown) => `${path.join(".")} requires ${String(required)}`;

const keys: Client[] = [];
let ids: Readonly<Record<string, string>>;
const unknownId = randomUUID();

beforeAll(async () => {
  const app = await server.current.newApp();
  // Sequentially: 128 concurrent requests may take a busy machine longer than 2 s.
  for (const permissions of scopes) keys.push(await app.key(permissions));
  const agent = await app.agent();
  const { id: run, sessionId: session } = await app.run({ agentId: agent });
  ids = { "Query.agent": agent, "Query.session": session, "Query.run": run, "Subscription.runEvents": run };
});

type Outcome = "denied" | "denied below the root" | "executed" | "invalid";

/** Sends an operation with the key of a scope, and verifies its outcome. */
async function verify(operation: RandomOperation, scope: number, isStreamed: boolean): Promise<Outcome> {
  const [key, permissions] = [keys[scope] as Client, scopes[scope] as Permissions];
  const { operationName, variables } = operation;
  const query = operation.query.replace(/@(\w+\.\w+)/g, (_, field: string) => ids[field] ?? unknownId);
  const isOverSse = isStreamed || operation.kind === OperationTypeNode.SUBSCRIPTION;

  let answer: { status: number; text: string; body: unknown } = { status: 0, text: "", body: undefined };
  const statements = await statementsOf(async () => {
    answer = await (isOverSse
      ? overSse(key, query, { operationName, variables })
      : key.send(query, variables, { operationName }));
  });

  const expected = denialsOf(guardedFieldsOf(operation), permissions);
  if (expected.length === 0) {
    expect(answer.status).not.toBe(403);
    expect(answer.text).not.toContain("FORBIDDEN");
    return answer.text.includes(`"data":{`) ? "executed" : "invalid";
  }
  const errors = errorsOf(answer.body);
  expect(errors.map(({ path = [], extensions }) => denialOf(path, extensions["required"])).sort()).toEqual(expected);
  for (const { extensions } of errors) expect(extensions).toMatchObject({ code: "FORBIDDEN", granted: permissions });
  expect(answer.status).toBe(403);
  expect(answer.body).not.toHaveProperty("data");
  // That one statement finds the key. The other ones record, once a minute, which keys were used.
  expect(statements.filter((statement) => !/^(BEGIN|START|SET|COMMIT|UPDATE .api_key.)/.test(statement))).toHaveLength(
    1,
  );
  return expected.every((each) => each.includes(".")) ? "denied below the root" : "denied";
}

test("an operation is denied for exactly the fields that the scope does not open, and nothing of it executes", async () => {
  const seen: Record<Outcome, number> = { denied: 0, "denied below the root": 0, executed: 0, invalid: 0 };
  const property = fc.asyncProperty(anyOperation, anyScope, fc.boolean(), async (operation, scope, isStreamed) => {
    seen[await verify(operation, scope ?? minScope(guardedFieldsOf(operation)), isStreamed)] += 1;
  });
  await fc.assert(property, { numRuns: 2_000 });

  // No part of the property may hold vacuously.
  for (const outcome of ["denied", "denied below the root", "executed"] as const) {
    expect(seen[outcome]).toBeGreaterThan(50);
  }
}, 300_000);

test("a cached document is authorized again for each scope, operation and set of variables", async () => {
  const property = fc.asyncProperty(anyOperation, fc.nat(127), fc.nat(127), async (operation, scope, otherScope) => {
    const variables = Object.entries(operation.variables).map(([name, value]) => [name, value !== true] as const);
    const others = operationsOf(operation.query).map(({ operation: kind, name }) => ({
      ...operation,
      kind,
      operationName: name?.value,
    }));
    for (const other of [...others, { ...operation, variables: Object.fromEntries(variables) }]) {
      await verify(other, scope, false);
      await verify(other, otherScope, false);
    }
  });
  await fc.assert(property, { numRuns: 150 });
}, 300_000);
