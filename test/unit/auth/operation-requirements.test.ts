import { buildSchema, type GraphQLObjectType, Kind, type OperationDefinitionNode, parse, validate } from "graphql";
import {
  type FieldRequirement,
  operationRequirements,
  type OperationRequirements,
} from "../../../src/auth/operation-requirements";
import type { Requirement } from "../../../src/auth/permissions";

const schema = buildSchema(`
  directive @loud(if: Boolean) on FIELD
  type Query { animal: Animal, barn: Barn, herds(first: Int = 50): [Herd!]!, fields(first: Int): [Field!]! }
  interface Animal { name: String }
  type Cow implements Animal { name: String }
  type Sheep implements Animal { name: String }
  union Barn = Cow | Herd
  type Herd { animals(named: String, first: Int = 20): [Animal!]!, size(unit: String): Int, tags(of: String): [Tag!], nodes: [Tag!]! }
  type Field { name: String }
  type Tag { text: String }
`);
const admin: Requirement = { kind: "admin" };
const nameOf = (type: string) => (schema.getType(type) as GraphQLObjectType).getFields()["name"];
for (const type of ["Cow", "Field"]) Object.assign(nameOf(type)?.extensions ?? {}, { requires: admin });

function needs(query: string): OperationRequirements {
  const document = parse(query);
  expect(validate(schema, document)).toEqual([]);
  const [operation] = document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  return operationRequirements(schema, document, operation as OperationDefinitionNode);
}

const paths = ({ guarded }: OperationRequirements) => guarded.map(({ path }: FieldRequirement) => path.join("."));
const counted = ({ lists }: OperationRequirements) =>
  lists.map(({ lengths, isPaged, fields }) => [lengths.map((each) => Object.values(each)), isPaged, fields]);

test("a field of an interface needs what any type needs that may stand there", () => {
  expect(paths(needs(`{ animal { name } }`))).toEqual(["animal.name"]);
  expect(paths(needs(`{ animal { ... on Cow { it: name } } }`))).toEqual(["animal.it"]);
  expect(paths(needs(`{ animal { ... on Sheep { name } __typename } }`))).toEqual([]);
});

test("fragments are looked into, with a type and without, inline and named", () => {
  expect(paths(needs(`{ barn { ... on Herd { tags { text } } ...cow } } fragment cow on Cow { name }`))).toEqual([
    "barn.name",
  ]);
  expect(paths(needs(`{ ... { animal { ... { name } } } }`))).toEqual(["animal.name"]);
});

test("what is asked of the schema itself needs nothing", () => {
  expect(needs(`{ __schema { types { name fields { name } } } __type(name: "Cow") { name } __typename }`)).toEqual({
    guarded: [],
    lists: [],
  });
});

test("@skip and @include are conditions, of all that is below them; other directives are none", () => {
  const { guarded } = needs(`query ($on: Boolean = false) {
    animal @loud(if: false) { name @include(if: $on) ... @skip(if: true) { other: name @loud(if: true) } }
  }`);
  expect(guarded).toMatchObject([
    { path: ["animal", "name"], conditions: [{ given: { variable: "on", fallback: false }, wanted: true }] },
    { path: ["animal", "other"], conditions: [{ given: { value: true }, wanted: false }] },
  ]);
});

test("a list is as long as it is asked for, else as it says itself, times the lists around it", () => {
  expect(counted(needs(`{ herds { size(unit: "heads") animals(named: "Bess", first: 3) { name } } }`))).toEqual([
    [[[50]], true, 2],
    [[[50], [3]], true, 1],
  ]);
  expect(counted(needs(`query ($n: Int, $m: Int = 7) { herds(first: $n) { animals(first: $m) { name } } }`))).toEqual([
    [[["n", 50]], true, 1],
    [
      [
        ["n", 50],
        ["m", 7],
      ],
      true,
      1,
    ],
  ]);
  expect(counted(needs(`{ fields { name } }`))).toEqual([[[[1]], true, 1]]);
  expect(counted(needs(`query ($n: Int) { fields(first: $n) { name } }`))).toEqual([[[["n", undefined]], true, 1]]);
});

test("what else is asked of a list says nothing of how long it is", () => {
  expect(counted(needs(`{ herds(first: 2) { animals(named: "Bess") { name } } }`))).toEqual([
    [[[2]], true, 1],
    [[[2], [20]], true, 1],
  ]);
});

test("a list without pages is taken for 20 long and is no page, and the nodes of a page are counted with it", () => {
  expect(counted(needs(`{ herds(first: 2) { tags(of: "all") { text } nodes { text } } }`))).toEqual([
    [[[2]], true, 3],
    [[[2], [20]], false, 1],
  ]);
});
