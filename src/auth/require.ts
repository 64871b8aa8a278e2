import "reflect-metadata";
import { Authorized, Extensions } from "type-graphql";
import {
  type AdministratorRole,
  type AgentAccess,
  describe,
  type KeyAccess,
  type Requirement,
  type RuntimePermission,
} from "./permissions";

/** Allows every valid credential. */
export const RequireCredential = () => requirePermission({ kind: "credential" });

/** Allows administrators with the role ADMIN, or with one of these roles, and no API key. */
export const RequireAdmin = (...roles: readonly Exclude<AdministratorRole, "ADMIN">[]) =>
  requirePermission({ kind: "admin", roles });

/** Allows administrators with the role ADMIN, or AUDITOR if it says so, who are confined to no apps. */
export const RequireAdminOfAllApps = (...roles: readonly "AUDITOR"[]) =>
  requirePermission({ kind: "admin", roles, allApps: true });

/** Allows keys whose scope has at least this level of access to agents, and administrators. */
export const RequireAgent = (level: Exclude<AgentAccess, "NONE">) => requirePermission({ kind: "agent", level });

/**
 * Allows keys whose scope has at least this level of access to keys, administrators with the role ADMIN or KEY_MANAGER and,
 * with VIEW, those with AUDITOR.
 */
export const RequireKeys = (level: Exclude<KeyAccess, "NONE">) => requirePermission({ kind: "keys", level });

/** Allows keys whose scope has FULL access to all agents of its app, and administrators. */
export const RequireAllAgents = () => requirePermission({ kind: "allAgents" });

/** Allows keys whose scope has one of these runtime permissions, and administrators. */
export const RequireRuntime = (...anyOf: [RuntimePermission, ...RuntimePermission[]]) =>
  requirePermission({ kind: "runtime", anyOf });

/** Likewise for a field that only reads: it allows auditors too. */
export const RequireRuntimeToRead = (...anyOf: [RuntimePermission, ...RuntimePermission[]]) =>
  requirePermission({ kind: "runtime", anyOf, auditor: true });

function requirePermission(requirement: Requirement): MethodDecorator & PropertyDecorator {
  return (target: object, method: string | symbol, descriptor?: PropertyDescriptor) => {
    // TypeGraphQL keeps one @Authorized per method and silently drops the others, so a second requirement would look
    // enforced without being so.
    const earlier = Reflect.getOwnMetadata(requirePermission, target, method) as Requirement | undefined;
    if (earlier) {
      throw new Error(
        `${target.constructor.name}.${String(method)} requires ${describe(earlier)} and cannot require ${describe(requirement)} too`,
      );
    }
    Reflect.defineMetadata(requirePermission, requirement, target, method);

    const decorators: (MethodDecorator | PropertyDecorator)[] = [
      Authorized<Requirement>(requirement),
      Extensions({ requires: requirement }),
    ];
    // A property has no descriptor.
    for (const decorate of decorators) decorate(target, method, descriptor as PropertyDescriptor);
  };
}
