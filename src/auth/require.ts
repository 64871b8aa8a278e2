import "reflect-metadata";
import { Authorized, Extensions } from "type-graphql";
import { type AgentAccess, describe, type Requirement, type RuntimePermission } from "./permissions";

/** Opens a field to every valid credential. */
export const RequireCredential = () => requirePermission({ kind: "credential" });

/** Opens a field to administrators alone. */
export const RequireAdmin = () => requirePermission({ kind: "admin" });

/** Opens a field to keys whose scope has at least this level of access to agents. */
export const RequireAgent = (level: Exclude<AgentAccess, "NONE">) => requirePermission({ kind: "agent", level });

/** Opens a field to keys whose scope has one of these runtime permissions. */
export const RequireRuntime = (...anyOf: [RuntimePermission, ...RuntimePermission[]]) =>
  requirePermission({ kind: "runtime", anyOf });

function requirePermission(requirement: Requirement): MethodDecorator {
  return (target, method, descriptor) => {
    // TypeGraphQL keeps one @Authorized a method and drops the others without a word, so a second
    // requirement would look enforced and not be.
    const earlier = Reflect.getOwnMetadata(requirePermission, target, method) as Requirement | undefined;
    if (earlier) {
      throw new Error(
        `${target.constructor.name}.${String(method)} requires ${describe(earlier)} and cannot require ${describe(requirement)} too`,
      );
    }
    Reflect.defineMetadata(requirePermission, requirement, target, method);

    Authorized<Requirement>(requirement)(target, method, descriptor);
    Extensions({ requires: requirement })(target, method, descriptor);
  };
}
