import "reflect-metadata";
import { Kind, type OperationDefinitionNode, visit } from "graphql";
import * as needs from "../../../src/auth/operation-requirements";

/**
 * Loaded into a server before it starts: the verdict does not see what stands under an alias, as if a field were known by
 * what it is called in the answer.
 */
const { operationRequirements } = needs;

const withoutAliases = (operation: OperationDefinitionNode): OperationDefinitionNode => ({
  ...operation,
  selectionSet: visit(operation.selectionSet, {
    SelectionSet: {
      leave: (set) => ({
        ...set,
        selections: set.selections.filter((each) => !(each.kind === Kind.FIELD && each.alias)),
      }),
    },
  }),
});

Object.assign(needs, {
  operationRequirements: ((schema, document, operation) =>
    operationRequirements(schema, document, withoutAliases(operation))) satisfies typeof operationRequirements,
});
