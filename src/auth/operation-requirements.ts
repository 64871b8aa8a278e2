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
  | { readonly value: Value }
  | {
      readonly variable: string;
      readonly fallback: Value | undefined;
      /** Counts if the variable has no value. */
      readonly otherwise?: ArgumentValue<Value>;
    };

/** A `@skip` or `@include` on a field: the field is requested if `argument` has the value `expected`. */
export interface Condition {
  readonly argument: ArgumentValue<boolean>;
  readonly expected: boolean;
}

/** A field of an operation that has a requirement. */
export interface FieldRequirement {
  /** The field in the schema, such as `Query.agents`. */
  readonly coordinate: string;
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

type ListSizeBuilder = ListSize & { fields: number; isCounted?: boolean };

/** The fields of a page that count the whole list, once for the page. */
const countFields: ReadonlySet<string> = new Set(["totalCount", "totalCountIsExact"]);
/** A count weighs like a page of this length. */
const countLength = 50;

/** The assumed length of a list without pages; other limits keep such lists short. */
const unpagedLength = 20;

/** The requirements of an operation, independent of its caller and of the values of its variables. */
export interface OperationRequirements {
  readonly guarded: readonly FieldRequirement[];
  readonly lists: readonly ListSize[];
  /** For each path of a field that reads from the database, the conditions of its occurrences. */
  readonly reads: ReadonlyMap<string, readonly (readonly Condition[])[]>;
}

/** In the extensions of a field that is not root, and that reads from the database. */
export const readsDatabase = "readsDatabase";

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
  const reads = new Map<string, (readonly Condition[])[]>();

  const root = schema.getRootType(operation.operation) as GraphQLObjectType;
  visit(root, operation.selectionSet, [], [], undefined);
  return { guarded, lists, reads };

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

    for (const { owner, field } of fields) {
      const requirement = field.extensions["requires"] as Requirement | undefined;
      const coordinate = `${owner}.${field.name}`;
      if (requirement)
        guarded.push({ coordinate, path: fieldPath, requirement, mask: maskOf(requirement), conditions });
    }

    const field = fields[0]?.field;
    if (field && (type === root || field.extensions[readsDatabase] === true)) {
      const name = fieldPath.join(".");
      reads.set(name, [...(reads.get(name) ?? []), conditions]);
    }
    if (field && outerList && countFields.has(field.name)) addCount(outerList, conditions);
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

  /** Aliases share one count, unless they have conditions of their own. */
  function addCount(list: ListSizeBuilder, conditions: readonly Condition[]): void {
    const isUnconditional = conditions.length === list.conditions.length;
    if (list.isCounted) return;
    if (isUnconditional) list.isCounted = true;
    const lengths = [...list.lengths.slice(0, -1), { value: countLength }];
    lists.push({ lengths, conditions, isPaged: true, fields: 0 });
  }

  function listOf(
    field: GraphQLField<unknown, unknown>,
    args: readonly ArgumentNode[],
    conditions: readonly Condition[],
    outerList: ListSizeBuilder | undefined,
  ): ListSizeBuilder | undefined {
    const pageLength = lengthOf(field, args);
    // The length of `nodes` and `edges` is the length of their page.
    const isUnpaged = isListType(getNullableType(field.type)) && field.name !== "nodes" && field.name !== "edges";
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
  function definitionsOf(
    type: GraphQLCompositeType,
    name: string,
  ): { readonly owner: string; readonly field: GraphQLField<unknown, unknown> }[] {
    const types = isAbstractType(type) ? [type, ...schema.getPossibleTypes(type)] : [type];
    return types.flatMap((possible) => {
      const field = "getFields" in possible ? possible.getFields()[name] : undefined;
      return field ? [{ owner: possible.name, field: field as GraphQLField<unknown, unknown> }] : [];
    });
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
    let length: ArgumentValue<number> = { value: fallback ?? 1 };
    if (value) {
      length = argumentValueOf(value, numberOf);
      // Null counts as left out.
      const otherwise = { value: fallback ?? 1 };
      if ("variable" in length) length = { ...length, fallback: length.fallback ?? fallback, otherwise };
      else if (value.kind === Kind.NULL) length = otherwise;
    }
    // `last` takes precedence if it has a value.
    const last = args.find(({ name }) => name.value === "last")?.value;
    if (!last || last.kind === Kind.NULL) return length;
    const lastLength = argumentValueOf(last, numberOf);
    return "variable" in lastLength ? { ...lastLength, otherwise: length } : lastLength;
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
