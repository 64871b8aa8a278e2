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

/** What a field of the introspection counts, since it is answered for every type and field of the schema. */
const introspectionWeight = 4;

interface Size {
  /** Levels of fields below each other. */
  readonly depth: number;
  /** Fields on the uppermost level. */
  readonly width: number;
  /** Fields in all, each fragment counted wherever it is put in. */
  readonly fields: number;
}

/** A validation rule that bounds operations: how deep they go, how many root fields and how many fields in all they have. */
export function boundsRule({ maxDepth, maxRootFields, maxTokens }: Limits) {
  return (context: ValidationContext): ASTVisitor => ({
    Document(document) {
      const sizeOf = measure(document);
      for (const operation of document.definitions) {
        if (operation.kind !== Kind.OPERATION_DEFINITION) continue;
        const { depth, width, fields } = sizeOf(operation.selectionSet);
        const report = (fault: string) =>
          context.reportError(
            new GraphQLError(`This operation ${fault}. Ask for less, or in several requests.`, { nodes: operation }),
          );
        if (depth > maxDepth) report(`is ${depth} levels deep; at most ${maxDepth} are allowed`);
        if (width > maxRootFields) report(`has ${width} root fields; at most ${maxRootFields} are allowed`);
        // Without fragments a document cannot have more fields than tokens; with them it shall not have either.
        if (fields > maxTokens) report(`has more than ${maxTokens} fields once its fragments are put in`);
      }
    },
  });
}

/** Measures each fragment once, so that fragments within fragments take no more time than they have text. */
function measure(document: DocumentNode): (selections: SelectionSetNode) => Size {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const known = new Map<string, Size>();
  const nothing: Size = { depth: 0, width: 0, fields: 0 };
  return sizeOf;

  function sizeOf({ selections }: SelectionSetNode): Size {
    let { depth, width, fields } = nothing;
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const inner = selection.selectionSet ? sizeOf(selection.selectionSet) : nothing;
        // The depth of introspection is bounded by a rule of its own, and its tools go deep.
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
    const measured = known.get(name);
    if (measured) return measured;
    const fragment = fragments.get(name);
    // A cycle is another rule's to refuse; here it only must come to an end.
    known.set(name, nothing);
    const size = fragment ? sizeOf(fragment.selectionSet) : nothing;
    known.set(name, size);
    return size;
  }
}
