import "reflect-metadata";
import { Authorized, Extensions } from "type-graphql";
import { type AgentAccess, describe, type Requirement, type RuntimePermission } from "./permissions";

/** Opens a field to every valid credential. */
export const RequireCredential = () => demand({ kind: "credential" });

/** Opens a field to administrators alone. */
export const RequireAdmin = () => demand({ kind: "admin" });

/** Opens a field to keys whose scope has at least this level of access to agents. */
export const RequireAgent = (level: Exclude<AgentAccess, "NONE">) => demand({ kind: "agent", level });

/** Opens a field to keys whose scope has one of these runtime permissions. */
export const RequireRuntime = (...anyOf: [RuntimePermission, ...RuntimePermission[]]) =>
  demand({ kind: "runtime", anyOf });

function demand(requirement: Requirement): MethodDecorator {
  return (target, method, descriptor) => {
    // TypeGraphQL keeps one @Authorized a method and drops the others without a word, so a second
    // requirement would look enforced and not be.
    const earlier = Reflect.getOwnMetadata(demand, target, method) as Requirement | undefined;
    if (earlier) {
      throw new Error(
        `${target.constructor.name}.${String(method)} requires ${describe(earlier)} and cannot require ${describe(requirement)} too`,
      );
    }
    Reflect.defineMetadata(demand, requirement, target, method);

    Authorized<Requirement>(requirement)(target, method, descriptor);
    Extensions({ requires: requirement })(target, method, descriptor);
  };
}
