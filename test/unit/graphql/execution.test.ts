import fc from "fast-check";
import {
  buildSchema,
  defaultFieldResolver,
  type DocumentNode,
  execute,
  type ExecutionResult,
  getNullableType,
  getOperationAST,
  type GraphQLObjectType,
  type GraphQLOutputType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  OverlappingFieldsCanBeMergedRule,
  parse,
  validate,
  visit,
} from "graphql";
import type { Context } from "../../../src/container";
import { executePlan } from "../../../src/api/graphql/execution/execute-plan";
import { plainProperty } from "../../../src/api/graphql/execution/plain-fields";
import { planOf } from "../../../src/api/graphql/execution/plan";
import { boundResponses } from "../../../src/api/graphql/response-bounds";
import { createSchema } from "../../../src/api/graphql/schema";
import { readConfig } from "../../../src/config";
import { ResponseBudget } from "../../../src/platform/process/response-budget";
import { randomOperation } from "../../support/random-operation";

const schema = buildSchema(`
  enum Color { RED GREEN }
  type Node {
    id: ID! name: String count: Int! color: Color tags: [String!] grid: [[Int]!]
    child(depth: Int = 1): Node must: Node! children: [Node!] some: [Node]!
  }
  type Query { node: Node nodes: [Node!]! maybe: [Node] must: Node! }
  type Mutation { node: Node nodes: [Node!]! must: Node! }
  type Subscription { node: Node }
`);
for (const type of Object.values(schema.getTypeMap())) {
  if (!isObjectType(type) || type.name.startsWith("__")) continue;
  for (const field of Object.values(type.getFields())) {
    field.resolve = defaultFieldResolver;
    if (type.name === "Node") field.extensions = { [plainProperty]: field.name };
  }
}
boundResponses(schema);

/** Draws the choices of a value one after the other, and then the simplest ones. */
class Choices {
  private position = 0;

  constructor(private readonly numbers: readonly number[]) {}

  below(limit: number): number {
    const number = this.numbers[this.position++ % Math.max(1, this.numbers.length)] ?? 0;
    return number % limit;
  }
}

/** A value of a type, or what a resolver may return by mistake; alone, or as a promise. */
function valueOf(type: GraphQLOutputType, choices: Choices, levels: number): unknown {
  switch (choices.below(24)) {
    case 0:
      return null;
    case 1:
      return new Error(`an error ${choices.below(3)}`);
    case 2:
      return late(choices.below(5), plainValueOf(type, choices, levels));
    case 3:
      return handled(late(choices.below(5), Promise.reject(new Error(`a rejection ${choices.below(3)}`))));
    case 4:
      return undefined;
    default:
      return plainValueOf(type, choices, levels);
  }
}

/** A promise of the value that takes this many turns more than a resolved one. */
const late = (turns: number, value: unknown): Promise<unknown> =>
  turns === 0 ? Promise.resolve(value) : late(turns - 1, value).then((each) => each);

/** The same without promises, in objects too. */
function valueAtOnce(type: GraphQLOutputType, choices: Choices, levels: number): unknown {
  const value = valueOf(type, choices, levels);
  return withoutPromises(value);
}

function withoutPromises(value: unknown): unknown {
  if (value instanceof Promise) return null;
  if (Array.isArray(value)) return value.map(withoutPromises);
  if (typeof value !== "object" || value === null || value instanceof Error) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withoutPromises(each)]));
}

/** A promise whose rejection is expected, also if nobody waits for it. */
function handled<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => undefined);
  return promise;
}

function plainValueOf(nullable: GraphQLOutputType, choices: Choices, levels: number): unknown {
  const type = getNullableType(nullable);
  if (isListType(type)) {
    // GraphQL.js leaves a promise alone if a later item fails that may not be null, which ends the process.
    const itemOf = isNonNullType(type.ofType) ? valueAtOnce : valueOf;
    return Array.from({ length: choices.below(4) }, () => itemOf(type.ofType, choices, levels));
  }
  if (isObjectType(type)) {
    if (levels === 0) return null;
    const fields = Object.values(type.getFields()).map((field) => [
      field.name,
      valueOf(field.type, choices, levels - 1),
    ]);
    return Object.fromEntries(fields) as object;
  }
  switch (isNonNullType(type) ? "" : type.name) {
    case "Int":
      return choices.below(12) === 0 ? "not a number" : choices.below(1_000);
    case "Color":
      return choices.below(12) === 0 ? "BLUE" : "RED";
    default:
      return choices.below(12) === 0 ? { an: "object" } : `text ${choices.below(9)}`;
  }
}

/** The values of the root's fields are made when they are resolved, as those of resolvers are. */
function rootOf(numbers: readonly number[], { operation }: OperationDefinitionNode): unknown {
  const type = schema.getRootType(operation) as GraphQLObjectType;
  const fields = Object.values(type.getFields()).map((field, i) => [
    field.name,
    () => valueOf(field.type, new Choices(numbers.slice(i * 10)), 2),
  ]);
  return Object.fromEntries(fields);
}

async function resultsOf(document: DocumentNode, numbers: readonly number[], maxBytes: number) {
  const operation = getOperationAST(document, null);
  if (!operation) return undefined;
  return resultsWith(() => rootOf(numbers, operation), document, maxBytes);
}

/** Of the plan, and of GraphQL.js, each with a root of its own. */
async function resultsWith(root: () => unknown, document: DocumentNode, maxBytes: number) {
  const operation = getOperationAST(document, null);
  const plan = operation && planOf(schema, document, operation);
  if (!plan) return undefined;
  const contextOf = () => ({ response: new ResponseBudget(maxBytes) }) as Context;
  const expected = await execute({ schema, document, rootValue: root(), contextValue: contextOf() });
  const args = { schema, contextValue: contextOf(), variableValues: {}, rootValue: root() };
  return [shown(await executePlan(plan, args)), shown(expected)] as const;
}

const shown = ({ data, errors }: ExecutionResult) => ({
  data: JSON.stringify(data),
  errors: errors?.map((error) => ({ ...error.toJSON(), message: error.message })),
});

/** Without directives, with which an operation is not planned. */
const withoutDirectives = (query: string): DocumentNode =>
  visit(parse(query), {
    Directive: () => null,
    VariableDefinition: () => null,
    // There may be several operations; the first one is as good as the others.
    Document: (document) => {
      const operations = document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
      return { ...document, definitions: document.definitions.filter((each) => !operations.slice(1).includes(each)) };
    },
  });

const anyDocument = fc
  .array(fc.nat(9_999), { minLength: 40, maxLength: 120, size: "max" })
  .map((numbers) => withoutDirectives(randomOperation(schema, numbers).query))
  .filter((document) => validate(schema, document, [OverlappingFieldsCanBeMergedRule]).length === 0);

test("a planned operation has the result and the errors that GraphQL.js has, in the same order", async () => {
  let planned = 0;
  await fc.assert(
    fc.asyncProperty(
      anyDocument,
      fc.array(fc.nat(9_999), { minLength: 20, maxLength: 200, size: "max" }),
      fc.constantFrom(100_000, 100_000, 300),
      async (document, numbers, maxBytes) => {
        const results = await resultsOf(document, numbers, maxBytes);
        if (!results) return;
        planned += 1;
        expect(results[0]).toEqual(results[1]);
      },
    ),
    { numRuns: 400 },
  );
  // The others have introspection, or are subscriptions.
  expect(planned).toBeGreaterThan(100);
});

test("errors of objects that end at different moments are in the order of GraphQL.js", async () => {
  const document = parse("{ must { some { id some { id } } id } }");
  for (let turns = 0; turns < 24; turns++) {
    const root = () => ({
      must: { some: [{ id: late(6, { an: "object" }), some: null }], id: late(turns, { an: "object" }) },
    });
    const results = await resultsWith(root, document, 100_000);
    expect(results?.[0]).toEqual(results?.[1]);
  }
});

test("the bytes of a value that is none of its type are counted as often as in GraphQL.js", async () => {
  const document = parse("{ nodes { color id } }");
  const nodes = [...Array(3).fill({ color: "BLUE", id: "text" }), { color: "RED", id: "text" }];
  for (let maxBytes = 0; maxBytes < 300; maxBytes++) {
    const results = await resultsWith(() => ({ nodes }), document, maxBytes);
    expect(results?.[0]).toEqual(results?.[1]);
  }
});

test("a planned operation merges the fields of fragments as GraphQL.js does", async () => {
  const document = parse(`
    { b: node { ...A name __typename } ...Q ...Q }
    fragment Q on Query { b: node { child { ...A } child { x: count children { id } } } nodes { id } }
    fragment A on Node { id ... { color } ... on Node { tags grid } }
  `);
  for (let seed = 0; seed < 60; seed++) {
    const numbers = Array.from({ length: 60 }, (_, i) => (seed * 7_919 + i * 104_729) % 9_973);
    const results = await resultsOf(document, numbers, 100_000);
    expect(results?.[0]).toEqual(results?.[1]);
    expect(results).toBeDefined();
  }
});

test.each([
  ["a directive", "{ node { id @skip(if: false) } }"],
  ["introspection", "{ __schema { types { name } } node { id } }"],
  ["a field that an object has already", "{ node { __proto__: id } }"],
])("an operation with %s is not planned", (_, query) => {
  const document = parse(query);
  expect(planOf(schema, document, getOperationAST(document) as OperationDefinitionNode)).toBeUndefined();
});

test("fields of properties are plain, and those with a method or a requirement are not", () => {
  const real = createSchema(readConfig({}).limits);
  const isPlain = (type: string, field: string) => {
    const found = real.getType(type);
    return isObjectType(found) && found.getFields()[field]?.extensions[plainProperty] !== undefined;
  };
  const plain = ["Agent.name", "Agent.createdAt", "AgentConnection.nodes", "PageInfo.endCursor", "ApiKey.hint"];
  const others = ["Agent.app", "AgentConnection.totalCount", "ApiKey.status", "ApiKey.revokedAt", "ApiKey.owner"];
  const more = ["AuditEntry.before", "Query.agent", "Mutation.createAgent"];
  const found = [...plain, ...others, ...more].filter((each) => isPlain(...(each.split(".") as [string, string])));
  expect(found).toEqual(plain);
});
