import { registerEnumType } from "type-graphql";

/**
 * Every permission that a scope can grant, with its description in the schema. Levels are in ascending order. The
 * constants, the bits and the GraphQL enums below are derived from this table.
 */
const table = {
  agents: {
    NONE: "No access to agents.",
    VIEW: "List agents and read their details.",
    EDIT: "Also update existing agents.",
    FULL: "Also create and delete agents.",
  },
  runtime: {
    RUN: "Execute agents, and follow and cancel those runs. An execution opens the session it names if there is none.",
    SESSION_CREATE: "Open sessions.",
    SESSION_TERMINATE: "Terminate sessions.",
    DOCUMENT_UPLOAD: "Upload documents to sessions, and delete them again.",
    SESSION_VIEW: "List sessions and read what was said in them.",
  },
} as const;

/** Access of a scope to agents. Each level includes the ones before it. */
export type AgentAccess = keyof typeof table.agents;
export const AgentAccess = constantsOf(table.agents);

/** Permissions of a scope at run time. Each one stands alone. */
export type RuntimePermission = keyof typeof table.runtime;
export const RuntimePermission = constantsOf(table.runtime);

/** The permissions of a scope, as a scope stores them. */
export interface Permissions {
  readonly agents: AgentAccess;
  readonly runtime: readonly RuntimePermission[];
}

/** A set of permissions as bits, so that authorization compares small integers. */
export type Grants = number;

/** The requirement of a field on its caller. */
export type Requirement =
  | { readonly kind: "credential" }
  | { readonly kind: "admin" }
  | { readonly kind: "agent"; readonly level: Exclude<AgentAccess, "NONE"> }
  | { readonly kind: "runtime"; readonly anyOf: readonly RuntimePermission[] };

const levels = Object.values(AgentAccess);
const runtimePermissions = Object.values(RuntimePermission);
/** The bit of each permission. NONE has none, so that it satisfies nothing. */
const bits = Object.fromEntries(
  [...levels, ...runtimePermissions, "ADMIN" as const].map((name, i) => [name, name === "NONE" ? 0 : 1 << i]),
) as Readonly<Record<AgentAccess | RuntimePermission | "ADMIN", Grants>>;

const union = (names: readonly (keyof typeof bits)[]): Grants => names.reduce((all, name) => all | bits[name], 0);

/** The grants of an administrator. */
export const everything: Grants = Object.values(bits).reduce((all, bit) => all | bit, 0);

/** @throws if a permission is unknown: a scope from which it is silently dropped would grant something else */
export function grantsOf({ agents, runtime }: Permissions): Grants {
  if (!Object.hasOwn(AgentAccess, agents)) throw new Error("Unknown level of access to agents");
  if (runtime.some((permission) => !Object.hasOwn(RuntimePermission, permission))) {
    throw new Error("Unknown runtime permission");
  }
  return union([...levels.slice(0, levels.indexOf(agents) + 1), ...runtime]);
}

export function permissionsOf(granted: Grants): { agents: AgentAccess; runtime: RuntimePermission[] } {
  const agents = levels.findLast((level) => granted & bits[level]) ?? "NONE";
  return { agents, runtime: runtimePermissions.filter((permission) => granted & bits[permission]) };
}

/** The permissions of which a caller needs one; 0 if any credential is enough. */
export function maskOf(requirement: Requirement): Grants {
  switch (requirement.kind) {
    case "credential":
      return 0;
    case "admin":
      return bits.ADMIN;
    case "agent":
      return bits[requirement.level];
    case "runtime":
      return union(requirement.anyOf);
  }
}

export const satisfies = (granted: Grants, mask: Grants): boolean => mask === 0 || (granted & mask) !== 0;

/** A requirement as the schema and the errors name it: `any`, `admin`, `EDIT`, `SESSION_VIEW or DOCUMENT_UPLOAD`. */
export function describe(requirement: Requirement): string {
  switch (requirement.kind) {
    case "credential":
      return "any";
    case "admin":
      return "admin";
    case "agent":
      return requirement.level;
    case "runtime":
      return requirement.anyOf.join(" or ");
  }
}

registerEnumType(AgentAccess, {
  name: "AgentAccess",
  description: "Access of a scope to agents. Each level includes the ones before it.",
  valuesConfig: valuesConfigOf(table.agents),
});

registerEnumType(RuntimePermission, {
  name: "RuntimePermission",
  description: "Permissions of a scope at run time. Each one stands alone.",
  valuesConfig: valuesConfigOf(table.runtime),
});

function constantsOf<Name extends string>(descriptions: Readonly<Record<Name, string>>) {
  const names = Object.keys(descriptions) as Name[];
  return Object.fromEntries(names.map((name) => [name, name])) as { readonly [Each in Name]: Each };
}

function valuesConfigOf<Name extends string>(descriptions: Readonly<Record<Name, string>>) {
  const entries = Object.entries<string>(descriptions);
  return Object.fromEntries(entries.map(([name, description]) => [name, { description }])) as Readonly<
    Record<Name, { description: string }>
  >;
}
