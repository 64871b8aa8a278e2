import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  getNamedType,
  getNullableType,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  type InlineFragmentNode,
  isAbstractType,
  isListType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  typeFromAST,
  type ValueNode,
} from "graphql";
import { type Grants, maskOf, type Requirement } from "./permissions";

/** A value that stands in the document, or the variable that gives it with each request. */
export type ArgumentValue<Value> =
  { readonly value: Value } | { readonly variable: string; readonly fallback: Value | undefined };

/** A `@skip` or `@include` above a field: the field counts where `given` is `wanted`. */
export interface Condition {
  readonly given: ArgumentValue<boolean>;
  readonly wanted: boolean;
}

/** A guarded field of an operation, where it stands in the answer. */
export interface FieldRequirement {
  readonly path: readonly string[];
  readonly requirement: Requirement;
  readonly mask: Grants;
  readonly conditions: readonly Condition[];
}

/** A list of the operation: how long it, and each list around it, may become, and what is asked of each object in it. */
export interface ListSize {
  readonly lengths: readonly ArgumentValue<number>[];
  readonly conditions: readonly Condition[];
  readonly isPaged: boolean;
  readonly fields: number;
}

type GrowingList = ListSize & { fields: number };

/** How long a list without pages is taken to be: such lists are kept short by other limits. */
const unpagedLength = 20;

/** What an operation asks for, independent of who asks and of the values of its variables. */
export interface OperationRequirements {
  readonly guarded: readonly FieldRequirement[];
  readonly lists: readonly ListSize[];
}

/**
 * Finds what an operation needs, through fragments, aliases and abstract types. The document has passed validation,
 * so that all it names is there, it has no cycles, and its size after fragments are put in is bounded.
 */
export function operationRequirements(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): OperationRequirements {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const defaults = new Map(
    (operation.variableDefinitions ?? []).map(({ variable, defaultValue }) => [variable.name.value, defaultValue]),
  );
  const guarded: FieldRequirement[] = [];
  const lists: GrowingList[] = [];

  const root = schema.getRootType(operation.operation) as GraphQLObjectType;
  visit(root, operation.selectionSet, [], [], undefined);
  return { guarded, lists };

  function visit(
    type: GraphQLCompositeType,
    { selections }: SelectionSetNode,
    path: readonly string[],
    above: readonly Condition[],
    around: GrowingList | undefined,
  ): void {
    for (const selection of selections) {
      const conditions = [...above, ...conditionsOf(selection.directives)];
      if (selection.kind === Kind.FIELD) {
        visitField(type, selection, path, conditions, around);
        continue;
      }
      const { typeCondition, selectionSet } = (
        selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection
      ) as FragmentDefinitionNode | InlineFragmentNode;
      const narrowed = typeCondition ? typeFromAST(schema, typeCondition) : type;
      visit(narrowed as GraphQLCompositeType, selectionSet, path, conditions, around);
    }
  }

  function visitField(
    type: GraphQLCompositeType,
    node: FieldNode,
    path: readonly string[],
    conditions: readonly Condition[],
    around: GrowingList | undefined,
  ): void {
    if (around) around.fields += 1;
    const here = [...path, node.alias?.value ?? node.name.value];
    const fields = definitionsOf(type, node.name.value);

    for (const field of fields) {
      const requirement = field.extensions["requires"] as Requirement | undefined;
      if (requirement) guarded.push({ path: here, requirement, mask: maskOf(requirement), conditions });
    }

    const [field] = fields;
    // What is asked of the schema itself is declared by no type, and open to whoever may ask at all.
    if (!field || !node.selectionSet) return;

    const list = listOf(field, node.arguments ?? [], conditions, around);
    if (list) lists.push(list);
    visit(getNamedType(field.type) as GraphQLCompositeType, node.selectionSet, here, conditions, list ?? around);
  }

  function listOf(
    field: GraphQLField<unknown, unknown>,
    given: readonly ArgumentNode[],
    conditions: readonly Condition[],
    around: GrowingList | undefined,
  ): GrowingList | undefined {
    const pageLength = lengthOf(field, given);
    // The nodes of a page are counted with the page.
    const isUnpaged = isListType(getNullableType(field.type)) && field.name !== "nodes";
    const length = pageLength ?? (isUnpaged ? { value: unpagedLength } : undefined);
    return (
      length && {
        lengths: [...(around?.lengths ?? []), length],
        conditions,
        isPaged: pageLength !== undefined,
        fields: 0,
      }
    );
  }

  /** The field as each type declares it that may stand here, since any of them may state a requirement. */
  function definitionsOf(type: GraphQLCompositeType, name: string): GraphQLField<unknown, unknown>[] {
    const types = isAbstractType(type) ? [type, ...schema.getPossibleTypes(type)] : [type];
    return types.flatMap((possible) =>
      "getFields" in possible ? (possible.getFields()[name] ?? []) : [],
    ) as GraphQLField<unknown, unknown>[];
  }

  function conditionsOf(directives: FieldNode["directives"] = []): Condition[] {
    return directives.flatMap(({ name, arguments: given }) => {
      if (name.value !== "skip" && name.value !== "include") return [];
      // Both have one argument, and are not valid without.
      const [{ value }] = given as unknown as [ArgumentNode];
      return [{ given: givenBy(value, booleanOf), wanted: name.value === "include" }];
    });
  }

  function lengthOf(
    field: GraphQLField<unknown, unknown>,
    given: readonly ArgumentNode[],
  ): ArgumentValue<number> | undefined {
    const first = field.args.find(({ name }) => name === "first");
    if (!first) return undefined;
    const fallback = first.defaultValue as number | undefined;
    const value = given.find(({ name }) => name.value === "first")?.value;
    if (!value) return { value: fallback ?? 1 };
    const length = givenBy(value, numberOf);
    return "variable" in length && length.fallback === undefined ? { ...length, fallback } : length;
  }

  function givenBy<Value>(
    node: ValueNode,
    read: (node: ValueNode | undefined) => Value | undefined,
  ): ArgumentValue<Value> {
    if (node.kind !== Kind.VARIABLE) return { value: read(node) as Value };
    return { variable: node.name.value, fallback: read(defaults.get(node.name.value)) };
  }
}

const booleanOf = (node: ValueNode | undefined) => (node?.kind === Kind.BOOLEAN ? node.value : undefined);
const numberOf = (node: ValueNode | undefined) => (node?.kind === Kind.INT ? Number(node.value) : undefined);
