import { type GraphQLResolveInfo, responsePathAsArray } from "graphql";
import type { AuthChecker } from "type-graphql";
import type { Caller } from "./caller";
import type { OperationAccess } from "./operation-access";
import { maskOf, type Requirement, satisfies } from "./permissions";
import { forbidden } from "./authorizer";

interface CheckedContext {
  readonly caller: Caller;
  readonly access: Pick<OperationAccess, "beforeMutationField">;
}

/**
 * The second line of defense: it checks each field again, in case a path to it bypasses the OperationAuthorizer. Each
 * root field of a mutation waits here until its rights were asked for again, since earlier fields may have taken long.
 */
export const authChecker: AuthChecker<CheckedContext, Requirement> = (
  { context: { caller, access }, info },
  requirements,
) => {
  for (const requirement of requirements) {
    if (!satisfies(caller.granted, maskOf(requirement)))
      throw forbidden(caller, responsePathAsArray(info.path), requirement);
  }
  return isMutationField(info) ? access.beforeMutationField().then(() => true) : true;
};

const isMutationField = ({ parentType, schema }: GraphQLResolveInfo): boolean =>
  parentType === schema.getMutationType();
