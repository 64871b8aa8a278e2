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
const admin: Requirement = { kind: "admin", roles: [] };
const nameOf = (type: string) => (schema.getType(type) as GraphQLObjectType).getFields()["name"];
for (const type of ["Cow", "Field"]) Object.assign(nameOf(type)?.extensions ?? {}, { requires: admin });

function requirementsOf(query: string): OperationRequirements {
  const document = parse(query);
  expect(validate(schema, document)).toEqual([]);
  const [operation] = document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  return operationRequirements(schema, document, operation as OperationDefinitionNode);
}

const paths = ({ guarded }: OperationRequirements) => guarded.map(({ path }: FieldRequirement) => path.join("."));
const counted = ({ lists }: OperationRequirements) =>
  lists.map(({ lengths, isPaged, fields }) => [lengths.map((each) => Object.values(each)), isPaged, fields]);

test("a field of an interface has the requirements of every possible type", () => {
  expect(paths(requirementsOf(`{ animal { name } }`))).toEqual(["animal.name"]);
  expect(paths(requirementsOf(`{ animal { ... on Cow { it: name } } }`))).toEqual(["animal.it"]);
  expect(paths(requirementsOf(`{ animal { ... on Sheep { name } __typename } }`))).toEqual([]);
});

test("requirements inside of fragments are found, with and without a type, inline and named", () => {
  expect(
    paths(requirementsOf(`{ barn { ... on Herd { tags { text } } ...cow } } fragment cow on Cow { name }`)),
  ).toEqual(["barn.name"]);
  expect(paths(requirementsOf(`{ ... { animal { ... { name } } } }`))).toEqual(["animal.name"]);
});

test("introspection fields have no requirements", () => {
  expect(
    requirementsOf(`{ __schema { types { name fields { name } } } __type(name: "Cow") { name } __typename }`),
  ).toEqual({
    guarded: [],
    lists: [],
    reads: new Map(),
  });
});

test("@skip and @include are conditions of everything below them; other directives are not conditions", () => {
  const { guarded } = requirementsOf(`query ($on: Boolean = false) {
    animal @loud(if: false) { name @include(if: $on) ... @skip(if: true) { other: name @loud(if: true) } }
  }`);
  expect(guarded).toMatchObject([
    { path: ["animal", "name"], conditions: [{ argument: { variable: "on", fallback: false }, expected: true }] },
    { path: ["animal", "other"], conditions: [{ argument: { value: true }, expected: false }] },
  ]);
});

test("a list has its requested or default length, multiplied by the lengths of the lists that contain it", () => {
  expect(
    counted(requirementsOf(`{ herds { size(unit: "heads") animals(named: "Bess", first: 3) { name } } }`)),
  ).toEqual([
    [[[50]], true, 2],
    [[[50], [3]], true, 1],
  ]);
  expect(
    counted(requirementsOf(`query ($n: Int, $m: Int = 7) { herds(first: $n) { animals(first: $m) { name } } }`)),
  ).toEqual([
    [[["n", 50, { value: 50 }]], true, 1],
    [
      [
        ["n", 50, { value: 50 }],
        ["m", 7, { value: 20 }],
      ],
      true,
      1,
    ],
  ]);
  expect(counted(requirementsOf(`{ herds(first: null) { size(unit: "heads") } }`))).toEqual([[[[50]], true, 1]]);
  expect(counted(requirementsOf(`{ fields { name } }`))).toEqual([[[[1]], true, 1]]);
  expect(counted(requirementsOf(`query ($n: Int) { fields(first: $n) { name } }`))).toEqual([
    [[["n", undefined, { value: 1 }]], true, 1],
  ]);
});

test("other arguments of a list do not change its length", () => {
  expect(counted(requirementsOf(`{ herds(first: 2) { animals(named: "Bess") { name } } }`))).toEqual([
    [[[2]], true, 1],
    [[[2], [20]], true, 1],
  ]);
});

test("a list without pages has an assumed length of 20, and the nodes of a page are counted with the page", () => {
  expect(counted(requirementsOf(`{ herds(first: 2) { tags(of: "all") { text } nodes { text } } }`))).toEqual([
    [[[2]], true, 3],
    [[[2], [20]], false, 1],
  ]);
});
