import "reflect-metadata";
import { Authorized, Extensions } from "type-graphql";
import { type AgentAccess, describe, type Requirement, type RuntimePermission } from "./permissions";

/** Allows every valid credential. */
export const RequireCredential = () => requirePermission({ kind: "credential" });

/** Allows administrators only. */
export const RequireAdmin = () => requirePermission({ kind: "admin" });

/** Allows keys whose scope has at least this level of access to agents, and administrators. */
export const RequireAgent = (level: Exclude<AgentAccess, "NONE">) => requirePermission({ kind: "agent", level });

/** Allows keys whose scope has one of these runtime permissions, and administrators. */
export const RequireRuntime = (...anyOf: [RuntimePermission, ...RuntimePermission[]]) =>
  requirePermission({ kind: "runtime", anyOf });

function requirePermission(requirement: Requirement): MethodDecorator {
  return (target, method, descriptor) => {
    // TypeGraphQL keeps one @Authorized per method and silently drops the others, so a second requirement would look
    // enforced without being so.
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
