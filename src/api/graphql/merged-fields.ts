import {
  type ArgumentNode,
  type ASTVisitor,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  print,
  type SelectionSetNode,
  type ValidationContext,
} from "graphql";

/** The maximum number of names for one field with the same arguments, on one object. */
const maxNames = 20;

/** Bounds the pairs of fields that GraphQL.js compares to find conflicts; a pair takes about a microsecond. */
const maxComparisons = 20_000;

/** GraphQL.js prints the arguments of both fields of a pair; this many characters cost as much as a pair. */
const argumentCharsPerComparison = 100;

/** An error of GraphQL.js names every field below a conflict, so that their number is bounded too. */
const maxDifferent = 20;

/** The fields of one object that have the same name in the response. */
interface MergedField {
  readonly nodes: FieldNode[];
  readonly printed: Set<string>;
  argumentChars: number;
}

/**
 * A validation rule: limits how often a field occurs on one object, counted across fragments, under different names and
 * under the same. The document must have passed the rules on fragments and on its size, which bound the time of this one.
 */
export function mergedFieldsRule(context: ValidationContext): ASTVisitor {
  return {
    Document(document) {
      const fragments = new Map<string, FragmentDefinitionNode>();
      for (const definition of document.definitions) {
        if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
      }
      const totals = { comparisons: 0, different: 0 };
      const print = printer();
      for (const definition of document.definitions) {
        if (definition.kind === Kind.OPERATION_DEFINITION) visit([definition.selectionSet]);
      }
      const { comparisons, different } = totals;
      if (comparisons <= maxComparisons && different <= maxDifferent) return;
      const message = "This document has too many fields with the same name in the response. Request each field once.";
      context.reportError(new GraphQLError(message));

      function visit(selectionSets: readonly SelectionSetNode[]): void {
        const { fields, spreads } = merge(selectionSets, fragments, print);
        totals.comparisons += (spreads * (spreads - 1)) / 2;
        const namesByField = new Map<string, { readonly names: Set<string>; readonly node: FieldNode }>();
        for (const [name, { nodes, printed, argumentChars }] of fields) {
          const weight = nodes.length + argumentChars / argumentCharsPerComparison;
          totals.comparisons += ((nodes.length - 1) * weight) / 2;
          if (printed.size > 1) totals.different += 1;
          for (const field of printed) {
            const found = namesByField.get(field) ?? { names: new Set(), node: nodes[0] as FieldNode };
            namesByField.set(field, found);
            found.names.add(name);
          }
          const inner = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
          if (inner.length > 0) visit(inner);
        }
        for (const { names, node } of namesByField.values()) if (names.size > maxNames) report(node);
      }
    },
  };

  function report(node: FieldNode): void {
    const message = `\`${node.name.value}\` is requested with the same arguments under more than ${maxNames} names. Request it once.`;
    context.reportError(new GraphQLError(message, { nodes: node }));
  }
}

/** Collects the fields of one object as the execution does, with each fragment once. */
function merge(
  selectionSets: readonly SelectionSetNode[],
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  print: (node: FieldNode) => { text: string; argumentChars: number },
): { readonly fields: ReadonlyMap<string, MergedField>; readonly spreads: number } {
  const fields = new Map<string, MergedField>();
  const spread = new Set<string>();
  for (const { selections } of selectionSets) collect(selections);
  return { fields, spreads: spread.size };

  function collect(selections: SelectionSetNode["selections"]): void {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const name = selection.alias?.value ?? selection.name.value;
        const merged = fields.get(name) ?? { nodes: [], printed: new Set<string>(), argumentChars: 0 };
        fields.set(name, merged);
        const { text, argumentChars } = print(selection);
        merged.nodes.push(selection);
        merged.printed.add(text);
        merged.argumentChars += argumentChars;
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        collect(selection.selectionSet.selections);
      } else if (!spread.has(selection.name.value)) {
        spread.add(selection.name.value);
        collect(fragments.get(selection.name.value)?.selectionSet.selections ?? []);
      }
    }
  }
}

/** Prints a field with its arguments in the order of their names, and each field of the document once. */
function printer(): (node: FieldNode) => { text: string; argumentChars: number } {
  const known = new WeakMap<FieldNode, { text: string; argumentChars: number }>();
  return (node) => {
    let printed = known.get(node);
    if (!printed) {
      const args = printArguments(node.arguments);
      known.set(node, (printed = { text: `${node.name.value}(${args})`, argumentChars: args.length }));
    }
    return printed;
  };
}

const printArguments = (args: readonly ArgumentNode[] = []): string =>
  args
    .map((each) => print(each))
    .sort()
    .join(", ");
