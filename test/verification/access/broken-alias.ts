import "reflect-metadata";
import { Kind, type OperationDefinitionNode, visit } from "graphql";
import * as requirements from "../../../src/auth/operation-requirements";

/** Preloaded into a server: the authorizer ignores fields with an alias, as if it looked them up by their response key. */
const { operationRequirements } = requirements;

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

const broken: Partial<typeof requirements> = {
  operationRequirements: (schema, document, operation) =>
    operationRequirements(schema, document, withoutAliases(operation)),
};
Object.assign(requirements, broken);
