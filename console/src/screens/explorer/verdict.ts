import { Kind, parse, type SelectionSetNode } from "graphql";
import { type FieldRequirement, type Grants, isOpen } from "../../api/requirements";

/** All that the console can tell of an operation before it is sent. */
export interface OperationVerdict {
  readonly kind: "query" | "mutation" | "subscription";
  readonly fields: readonly { readonly field: string; readonly requires: string; readonly isAllowed: boolean }[];
}

/**
 * The root fields of a document's first operation with what each requires; null while it can't be parsed. The server
 * decides by all fields; the root fields are what a person asks about.
 */
export function verdictOf(
  text: string,
  requirements: readonly FieldRequirement[],
  grants: Grants,
): OperationVerdict | null {
  try {
    const { definitions } = parse(text, { noLocation: true });
    const operation = definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
    if (!operation) return null;
    const fragments = new Map<string, SelectionSetNode>();
    for (const definition of definitions)
      if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition.selectionSet);
    const names = new Set<string>();
    const collect = ({ selections }: SelectionSetNode, depth: number): void => {
      if (depth > 20) return;
      for (const selection of selections) {
        if (selection.kind === Kind.FIELD) names.add(selection.name.value);
        else {
          const inner =
            selection.kind === Kind.INLINE_FRAGMENT ? selection.selectionSet : fragments.get(selection.name.value);
          if (inner) collect(inner, depth + 1);
        }
      }
    };
    collect(operation.selectionSet, 0);
    const type = { query: "Query", mutation: "Mutation", subscription: "Subscription" }[operation.operation];
    const fields = requirements
      .filter((requirement) => requirement.operation === type && names.has(requirement.field))
      .map((requirement) => ({
        field: requirement.field,
        requires: requirement.requires,
        isAllowed: isOpen(requirement, grants),
      }));
    return { kind: operation.operation, fields };
  } catch {
    return null;
  }
}
