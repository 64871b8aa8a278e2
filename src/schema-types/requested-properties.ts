import { type FieldNode, type GraphQLResolveInfo, Kind, type SelectionSetNode } from "graphql";
import { createParameterDecorator } from "type-graphql";

/** For as long as the document is kept, to which the node belongs. */
const knownProperties = new WeakMap<FieldNode, readonly string[]>();

/**
 * For a parameter of a list: the names of the fields that the operation requests of its elements, so that nothing else is
 * read. Those that variables exclude are among them.
 */
export const RequestedProperties = () => createParameterDecorator(({ info }) => requestedProperties(info));

export function requestedProperties({ fieldNodes, fragments }: GraphQLResolveInfo): readonly string[] {
  const [node, ...merged] = fieldNodes;
  // Another operation of the document may merge a field of a fragment with others.
  const known = node && merged.length === 0 ? knownProperties.get(node) : undefined;
  if (known) return known;
  const properties = [...new Set(fieldNodes.flatMap(({ selectionSet }) => propertiesIn(selectionSet)))];
  if (node && merged.length === 0) knownProperties.set(node, properties);
  return properties;

  function propertiesIn(selectionSet: SelectionSetNode | undefined): string[] {
    return fieldsIn(selectionSet).flatMap(({ name, selectionSet: inner }) => {
      if (name.value === "nodes") return fieldsIn(inner).map((field) => field.name.value);
      if (name.value !== "edges") return [];
      const elements = fieldsIn(inner).filter((field) => field.name.value === "node");
      return elements.flatMap((field) => fieldsIn(field.selectionSet).map((each) => each.name.value));
    });
  }

  function fieldsIn(selectionSet: SelectionSetNode | undefined): FieldNode[] {
    return (selectionSet?.selections ?? []).flatMap((selection) => {
      if (selection.kind === Kind.FIELD) return [selection];
      return fieldsIn(
        selection.kind === Kind.INLINE_FRAGMENT
          ? selection.selectionSet
          : fragments[selection.name.value]?.selectionSet,
      );
    });
  }
}
