import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  getNamedType,
  getNullableType,
  type GraphQLField,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLSchema,
  isAbstractType,
  isLeafType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionSetNode,
  typeFromAST,
  TypeNameMetaFieldDef,
} from "graphql";
import type { Context } from "../../../container";
import { keyBytes } from "../response-bounds";
import { plainProperty } from "./plain-fields";

/** A value that is a property of its object, or the same for each object. */
export type LeafPlan =
  | { readonly constant: string }
  | {
      readonly property: string;
      readonly type: GraphQLLeafType;
      readonly isNullable: boolean;
      readonly keyBytes: number;
    };

export interface FieldPlan {
  readonly key: string;
  readonly definition: GraphQLField<unknown, Context>;
  readonly nodes: readonly FieldNode[];
  readonly parentType: GraphQLObjectType;
  /** Undefined if the field has a resolver that does more than to read a property, or if its value is no leaf. */
  readonly leaf: LeafPlan | undefined;
  /** Of the objects of the field, if its type is one of objects. */
  readonly selection: SelectionPlan | undefined;
}

export interface SelectionPlan {
  readonly type: GraphQLObjectType;
  readonly fields: readonly FieldPlan[];
}

/** The fields of an operation, as GraphQL.js would collect them anew for each of its objects. */
export interface OperationPlan extends SelectionPlan {
  readonly operation: OperationDefinitionNode;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
}

/** A larger plan would take more memory than the document that it is kept for. */
const maxFields = 200;

/** The operation has something whose execution is left to GraphQL.js. */
class UnplannedError extends Error {}

/**
 * Plans the execution of a valid operation.
 *
 * @returns undefined for a large operation, for one with directives, abstract types or introspection, and for a subscription
 */
export function planOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): OperationPlan | undefined {
  const type = schema.getRootType(operation.operation);
  if (!type || operation.operation === OperationTypeNode.SUBSCRIPTION) return undefined;
  const definitions = document.definitions.filter((each) => each.kind === Kind.FRAGMENT_DEFINITION);
  const fragments = Object.fromEntries(definitions.map((each) => [each.name.value, each]));
  try {
    return { operation, fragments, ...new Planner(schema, fragments).selection(type, [operation.selectionSet]) };
  } catch (error) {
    if (error instanceof UnplannedError) return undefined;
    throw error;
  }
}

class Planner {
  private fields = 0;

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly fragments: OperationPlan["fragments"],
  ) {}

  selection(type: GraphQLObjectType, selectionSets: readonly SelectionSetNode[]): SelectionPlan {
    const nodes = new Map<string, FieldNode[]>();
    const spread = new Set<string>();
    for (const selectionSet of selectionSets) this.collect(type, selectionSet, nodes, spread);
    return { type, fields: [...nodes].map(([key, found]) => this.field(type, key, found)) };
  }

  /** As GraphQL.js does it: fields of one name are merged, in the order of the first of them. */
  private collect(
    type: GraphQLObjectType,
    { selections }: SelectionSetNode,
    nodes: Map<string, FieldNode[]>,
    spread: Set<string>,
  ): void {
    for (const selection of selections) {
      if (selection.directives && selection.directives.length > 0) throw new UnplannedError();
      if (selection.kind === Kind.FIELD) {
        const key = (selection.alias ?? selection.name).value;
        const found = nodes.get(key);
        if (found) found.push(selection);
        else nodes.set(key, [selection]);
        continue;
      }
      let fragment: Pick<FragmentDefinitionNode, "selectionSet"> & Partial<FragmentDefinitionNode> = selection as never;
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        const name = selection.name.value;
        const definition = this.fragments[name];
        if (!definition || spread.has(name)) continue;
        spread.add(name);
        fragment = definition;
      }
      if (this.appliesTo(type, fragment)) this.collect(type, fragment.selectionSet, nodes, spread);
    }
  }

  private appliesTo(type: GraphQLObjectType, { typeCondition }: Partial<FragmentDefinitionNode>): boolean {
    if (!typeCondition) return true;
    const condition = typeFromAST(this.schema, typeCondition);
    return condition === type || (isAbstractType(condition) && this.schema.isSubType(condition, type));
  }

  private field(parentType: GraphQLObjectType, key: string, nodes: readonly FieldNode[]): FieldPlan {
    const [{ name }] = nodes as readonly [FieldNode];
    const isTypeName = name.value === TypeNameMetaFieldDef.name;
    const definition = (isTypeName ? TypeNameMetaFieldDef : parentType.getFields()[name.value]) as
      FieldPlan["definition"] | undefined;
    this.fields += 1;
    // The key of an object could be its prototype.
    if (!definition || key === "__proto__" || this.fields > maxFields) throw new UnplannedError();
    const leaf = isTypeName ? { constant: parentType.name } : leafOf(definition, key);
    return { key, definition, nodes, parentType, leaf, selection: this.selectionOf(definition, nodes) };
  }

  private selectionOf({ type }: FieldPlan["definition"], nodes: readonly FieldNode[]): SelectionPlan | undefined {
    const named = getNamedType(type);
    if (isLeafType(named)) return undefined;
    if (!isObjectType(named) || named.isTypeOf) throw new UnplannedError();
    return this.selection(
      named,
      nodes.flatMap(({ selectionSet }) => selectionSet ?? []),
    );
  }
}

function leafOf({ type, extensions }: FieldPlan["definition"], key: string): LeafPlan | undefined {
  const property = extensions[plainProperty] as string | undefined;
  const nullable = getNullableType(type);
  if (property === undefined || !isLeafType(nullable)) return undefined;
  return { property, type: nullable, isNullable: !isNonNullType(type), keyBytes: key.length + keyBytes };
}
