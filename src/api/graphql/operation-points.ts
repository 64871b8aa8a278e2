import {
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionSetNode,
} from "graphql";

/** The mutations that start runs, which cost a point more. */
const executions = new Set(["executeAgent"]);

/** Fragments that spread each other may multiply to any number. */
const maxPoints = 1_000_000;

/** The points of a request rate that a valid operation costs beside its request: one for each mutation and execution. */
export function pointsOf(document: DocumentNode, operation: OperationDefinitionNode): number {
  if (operation.operation !== OperationTypeNode.MUTATION) return 0;
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const each of document.definitions) {
    if (each.kind === Kind.FRAGMENT_DEFINITION) fragments.set(each.name.value, each);
  }
  const memo = new Map<string, number>();
  return Math.min(pointsIn(operation.selectionSet), maxPoints);

  function pointsIn({ selections }: SelectionSetNode): number {
    let points = 0;
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) points += executions.has(selection.name.value) ? 2 : 1;
      else if (selection.kind === Kind.INLINE_FRAGMENT) points += pointsIn(selection.selectionSet);
      else points += pointsInFragment(selection.name.value);
    }
    return points;
  }

  /** Each fragment is looked at once, however often it is spread: valid fragments have no cycles. */
  function pointsInFragment(name: string): number {
    let points = memo.get(name);
    if (points === undefined) {
      const fragment = fragments.get(name);
      points = fragment ? pointsIn(fragment.selectionSet) : 0;
      memo.set(name, points);
    }
    return points;
  }
}
