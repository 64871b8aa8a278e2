import {
  type ASTVisitor,
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
} from "graphql";
import type { Limits } from "../../config";

/** Bounds the estimated fields of an introspection. The usual queries for a whole schema have about 550 per type. */
const maxIntrospectedPerType = 800;

/** The average lengths of the introspection's lists; every other field has one value. */
const introspectionLengths: Readonly<Record<string, number>> = {
  fields: 8,
  inputFields: 3,
  args: 2,
  enumValues: 3,
  interfaces: 1,
  possibleTypes: 1,
  directives: 6,
  ofType: 0.5,
};

/** All operations of a document together may have this many times the fields of one. */
const maxFieldsFactor = 5;

interface Size {
  /** Levels of nested fields. */
  readonly depth: number;
  /** Fields on the top level. */
  readonly width: number;
  /** Fields on all levels, with each fragment counted wherever it is spread. */
  readonly fields: number;
  /** An estimate of the fields of the introspection in the response. */
  readonly introspected: number;
}

/** Creates the validation rule that limits the depth, the root fields and the total fields of each operation. */
export function boundsRule({ maxDepth, maxRootFields, maxTokens }: Limits) {
  return (context: ValidationContext): ASTVisitor => ({
    Document(document) {
      const typeCount = Object.keys(context.getSchema().getTypeMap()).length;
      const sizeOf = measure(document, { ...introspectionLengths, types: typeCount });
      let total = 0;
      for (const operation of document.definitions) {
        if (operation.kind !== Kind.OPERATION_DEFINITION) continue;
        const { depth, width, fields, introspected } = sizeOf(operation.selectionSet, false);
        total += fields;
        const report = (problem: string) =>
          context.reportError(
            new GraphQLError(`This operation ${problem}. Request less, or split the operation.`, { nodes: operation }),
          );
        if (depth > maxDepth) report(`is ${depth} levels deep; the maximum is ${maxDepth}`);
        if (width > maxRootFields) report(`has ${width} root fields; the maximum is ${maxRootFields}`);
        // A document without fragments can't have more fields than tokens; one with fragments must not.
        if (fields > maxTokens) report(`has more than ${maxTokens} fields after its fragments are expanded`);
        if (introspected > maxIntrospectedPerType * typeCount) report("introspects the schema repeatedly");
      }
      if (total > maxTokens * maxFieldsFactor) {
        context.reportError(new GraphQLError("This document has too many operations. Send each of them on its own."));
      }
    },
  });
}

/**
 * Measures each fragment once, so that nested fragments take time linear in the length of the document.
 *
 * @param lengths the estimated lengths of lists of the introspection
 */
function measure(
  document: DocumentNode,
  lengths: Readonly<Record<string, number>>,
): (selections: SelectionSetNode, isIntrospection: boolean) => Size {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const measured = new Map<string, Size>();
  const empty: Size = { depth: 0, width: 0, fields: 0, introspected: 0 };
  return sizeOf;

  function sizeOf({ selections }: SelectionSetNode, isIntrospection: boolean): Size {
    let { depth, width, fields, introspected } = empty;
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const name = selection.name.value;
        const isIntrospected = isIntrospection || name.startsWith("__");
        const inner = selection.selectionSet ? sizeOf(selection.selectionSet, isIntrospected) : empty;
        // GraphQL.js has a separate rule for the depth of introspection, and introspecting tools need many levels.
        depth = Math.max(depth, isIntrospected ? 1 : inner.depth + 1);
        width += 1;
        fields += inner.fields + 1;
        introspected += isIntrospected ? 1 + inner.introspected * (lengths[name] ?? 1) : inner.introspected;
      } else {
        const inner =
          selection.kind === Kind.INLINE_FRAGMENT
            ? sizeOf(selection.selectionSet, isIntrospection)
            : sizeOfFragment(selection.name.value);
        depth = Math.max(depth, inner.depth);
        width += inner.width;
        fields += inner.fields;
        introspected += inner.introspected;
      }
    }
    return { depth, width, fields, introspected };
  }

  function sizeOfFragment(name: string): Size {
    const known = measured.get(name);
    if (known) return known;
    const fragment = fragments.get(name);
    const size = fragment ? sizeOf(fragment.selectionSet, fragment.typeCondition.name.value.startsWith("__")) : empty;
    measured.set(name, size);
    return size;
  }
}
