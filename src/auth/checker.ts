import { responsePathAsArray } from "graphql";
import type { AuthChecker } from "type-graphql";
import type { Caller } from "./caller";
import { maskOf, type Requirement, satisfies } from "./permissions";
import { forbidden } from "./authorizer";

/** Stands behind the verdict on the whole operation, for every way to a field that does not pass there. */
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
