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

/** A literal of the document, or the variable that has the value in each request. */
export type ArgumentValue<Value> =
  { readonly value: Value } | { readonly variable: string; readonly fallback: Value | undefined };

/** A `@skip` or `@include` on a field: the field is requested if `argument` has the value `expected`. */
export interface Condition {
  readonly argument: ArgumentValue<boolean>;
  readonly expected: boolean;
}

/** A field of an operation that has a requirement. */
export interface FieldRequirement {
  /** Its path in the response. */
  readonly path: readonly string[];
  readonly requirement: Requirement;
  readonly mask: Grants;
  readonly conditions: readonly Condition[];
}

/** The size of a list of the operation. */
export interface ListSize {
  /** The maximum length of the list and of each list that contains it. */
  readonly lengths: readonly ArgumentValue<number>[];
  readonly conditions: readonly Condition[];
  readonly isPaged: boolean;
  /** The number of fields requested of each object in the list. */
  readonly fields: number;
}

type ListSizeBuilder = ListSize & { fields: number };

/** The assumed length of a list without pages; other limits keep such lists short. */
const unpagedLength = 20;

/** The requirements of an operation, independent of its caller and of the values of its variables. */
export interface OperationRequirements {
  readonly guarded: readonly FieldRequirement[];
  readonly lists: readonly ListSize[];
}

/**
 * Collects the requirements of an operation, through fragments, aliases and abstract types. The document must have
 * passed validation: then every name in it exists, it has no cycles, and its size with expanded fragments is bounded.
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
  const lists: ListSizeBuilder[] = [];

  const root = schema.getRootType(operation.operation) as GraphQLObjectType;
  visit(root, operation.selectionSet, [], [], undefined);
  return { guarded, lists };

  function visit(
    type: GraphQLCompositeType,
    { selections }: SelectionSetNode,
    path: readonly string[],
    outerConditions: readonly Condition[],
    outerList: ListSizeBuilder | undefined,
  ): void {
    for (const selection of selections) {
      const conditions = [...outerConditions, ...conditionsOf(selection.directives)];
      if (selection.kind === Kind.FIELD) {
        visitField(type, selection, path, conditions, outerList);
        continue;
      }
      const { typeCondition, selectionSet } = (
        selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection
      ) as FragmentDefinitionNode | InlineFragmentNode;
      const narrowed = typeCondition ? typeFromAST(schema, typeCondition) : type;
      visit(narrowed as GraphQLCompositeType, selectionSet, path, conditions, outerList);
    }
  }

  function visitField(
    type: GraphQLCompositeType,
    node: FieldNode,
    path: readonly string[],
    conditions: readonly Condition[],
    outerList: ListSizeBuilder | undefined,
  ): void {
    if (outerList) outerList.fields += 1;
    const fieldPath = [...path, node.alias?.value ?? node.name.value];
    const fields = definitionsOf(type, node.name.value);

    for (const field of fields) {
      const requirement = field.extensions["requires"] as Requirement | undefined;
      if (requirement) guarded.push({ path: fieldPath, requirement, mask: maskOf(requirement), conditions });
    }

    const [field] = fields;
    // Introspection fields are declared by no type, and every valid credential may use them.
    if (!field || !node.selectionSet) return;

    const list = listOf(field, node.arguments ?? [], conditions, outerList);
    if (list) lists.push(list);
    visit(
      getNamedType(field.type) as GraphQLCompositeType,
      node.selectionSet,
      fieldPath,
      conditions,
      list ?? outerList,
    );
  }

  function listOf(
    field: GraphQLField<unknown, unknown>,
    args: readonly ArgumentNode[],
    conditions: readonly Condition[],
    outerList: ListSizeBuilder | undefined,
  ): ListSizeBuilder | undefined {
    const pageLength = lengthOf(field, args);
    // The length of `nodes` is the length of its page.
    const isUnpaged = isListType(getNullableType(field.type)) && field.name !== "nodes";
    const length = pageLength ?? (isUnpaged ? { value: unpagedLength } : undefined);
    return (
      length && {
        lengths: [...(outerList?.lengths ?? []), length],
        conditions,
        isPaged: pageLength !== undefined,
        fields: 0,
      }
    );
  }

  /** The declarations of the field by all types that are possible here, as each of them may have a requirement. */
  function definitionsOf(type: GraphQLCompositeType, name: string): GraphQLField<unknown, unknown>[] {
    const types = isAbstractType(type) ? [type, ...schema.getPossibleTypes(type)] : [type];
    return types.flatMap((possible) =>
      "getFields" in possible ? (possible.getFields()[name] ?? []) : [],
    ) as GraphQLField<unknown, unknown>[];
  }

  function conditionsOf(directives: FieldNode["directives"] = []): Condition[] {
    return directives.flatMap(({ name, arguments: args }) => {
      if (name.value !== "skip" && name.value !== "include") return [];
      // Validation requires the one argument of both.
      const [{ value }] = args as unknown as [ArgumentNode];
      return [{ argument: argumentValueOf(value, booleanOf), expected: name.value === "include" }];
    });
  }

  function lengthOf(
    field: GraphQLField<unknown, unknown>,
    args: readonly ArgumentNode[],
  ): ArgumentValue<number> | undefined {
    const first = field.args.find(({ name }) => name === "first");
    if (!first) return undefined;
    const fallback = first.defaultValue as number | undefined;
    const value = args.find(({ name }) => name.value === "first")?.value;
    if (!value) return { value: fallback ?? 1 };
    const length = argumentValueOf(value, numberOf);
    return "variable" in length && length.fallback === undefined ? { ...length, fallback } : length;
  }

  function argumentValueOf<Value>(
    node: ValueNode,
    read: (node: ValueNode | undefined) => Value | undefined,
  ): ArgumentValue<Value> {
    if (node.kind !== Kind.VARIABLE) return { value: read(node) as Value };
    return { variable: node.name.value, fallback: read(defaults.get(node.name.value)) };
  }
}

const booleanOf = (node: ValueNode | undefined) => (node?.kind === Kind.BOOLEAN ? node.value : undefined);
const numberOf = (node: ValueNode | undefined) => (node?.kind === Kind.INT ? Number(node.value) : undefined);
