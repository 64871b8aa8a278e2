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

/** The weight of a field of the introspection, which is resolved for every type and field of the schema. */
const introspectionWeight = 4;

interface Size {
  /** Levels of nested fields. */
  readonly depth: number;
  /** Fields on the top level. */
  readonly width: number;
  /** Fields on all levels, with each fragment counted wherever it is spread. */
  readonly fields: number;
}

/** Creates the validation rule that limits the depth, the root fields and the total fields of each operation. */
export function boundsRule({ maxDepth, maxRootFields, maxTokens }: Limits) {
  return (context: ValidationContext): ASTVisitor => ({
    Document(document) {
      const sizeOf = measure(document);
      for (const operation of document.definitions) {
        if (operation.kind !== Kind.OPERATION_DEFINITION) continue;
        const { depth, width, fields } = sizeOf(operation.selectionSet);
        const report = (problem: string) =>
          context.reportError(
            new GraphQLError(`This operation ${problem}. Request less, or split the operation.`, { nodes: operation }),
          );
        if (depth > maxDepth) report(`is ${depth} levels deep; the maximum is ${maxDepth}`);
        if (width > maxRootFields) report(`has ${width} root fields; the maximum is ${maxRootFields}`);
        // A document without fragments can't have more fields than tokens; one with fragments must not.
        if (fields > maxTokens) report(`has more than ${maxTokens} fields after its fragments are expanded`);
      }
    },
  });
}

/** Measures each fragment once, so that nested fragments take time linear in the length of the document. */
function measure(document: DocumentNode): (selections: SelectionSetNode) => Size {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const measured = new Map<string, Size>();
  const empty: Size = { depth: 0, width: 0, fields: 0 };
  return sizeOf;

  function sizeOf({ selections }: SelectionSetNode): Size {
    let { depth, width, fields } = empty;
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const inner = selection.selectionSet ? sizeOf(selection.selectionSet) : empty;
        // GraphQL.js has a separate rule for the depth of introspection, and introspecting tools need many levels.
        const isIntrospection = selection.name.value.startsWith("__");
        depth = Math.max(depth, isIntrospection ? 1 : inner.depth + 1);
        width += 1;
        fields += inner.fields * (isIntrospection ? introspectionWeight : 1) + 1;
      } else {
        const inner =
          selection.kind === Kind.INLINE_FRAGMENT
            ? sizeOf(selection.selectionSet)
            : sizeOfFragment(selection.name.value);
        depth = Math.max(depth, inner.depth);
        width += inner.width;
        fields += inner.fields;
      }
    }
    return { depth, width, fields };
  }

  function sizeOfFragment(name: string): Size {
    const known = measured.get(name);
    if (known) return known;
    const fragment = fragments.get(name);
    // Another rule refuses cycles; this entry only ends the recursion.
    measured.set(name, empty);
    const size = fragment ? sizeOf(fragment.selectionSet) : empty;
    measured.set(name, size);
    return size;
  }
}
