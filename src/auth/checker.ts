import { responsePathAsArray } from "graphql";
import type { AuthChecker } from "type-graphql";
import type { Caller } from "./caller";
import { maskOf, type Requirement, satisfies } from "./permissions";
import { forbidden } from "./authorizer";

/** The second line of defense: it checks each field again, in case a path to it bypasses the OperationAuthorizer. */
export const authChecker: AuthChecker<{ caller: Caller }, Requirement> = (
  { context: { caller }, info },
  requirements,
) => {
  for (const requirement of requirements) {
    if (!satisfies(caller.granted, maskOf(requirement)))
      throw forbidden(caller, responsePathAsArray(info.path), requirement);
  }
  return true;
};
