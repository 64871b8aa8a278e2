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
  selection: {
    ALL: "All agents of the app.",
    SELECTED:
      "Only the agents in `agentIds`, none if there are none. Every other agent, its runs and its messages are answered as if they did not exist.",
  },
  sessions: {
    APP: "All sessions of the app.",
    OWN: "Only the sessions that keys of this scope opened. Every other session is answered as if it did not exist.",
  },
  keys: {
    NONE: "No access to keys and scopes.",
    VIEW: "List the scopes and keys of the app, and read their details.",
    MANAGE:
      "Also create, change, rotate and revoke the keys of other scopes of the app that grant no more than the scope itself.",
  },
  roles: {
    ADMIN:
      "Everything in the apps of the administrator; also other administrators and new apps, if it is confined to no apps.",
    KEY_MANAGER:
      "Reads apps, scopes, keys and agents, and changes scopes and keys. Executes nothing, and reads no sessions.",
    AUDITOR: "Reads everything except secrets, and changes nothing.",
  },
} as const;

/** Access of a scope to agents. Each level includes the ones before it. */
export type AgentAccess = keyof typeof table.agents;
export const AgentAccess = constantsOf(table.agents);

/** Permissions of a scope at run time. Each one stands alone. */
export type RuntimePermission = keyof typeof table.runtime;
export const RuntimePermission = constantsOf(table.runtime);

/** The sessions that the runtime permissions of a scope apply to. */
export type SessionAccess = keyof typeof table.sessions;
export const SessionAccess = constantsOf(table.sessions);

/** The agents that a scope applies to. */
export type AgentSelection = keyof typeof table.selection;
export const AgentSelection = constantsOf(table.selection);

/** Access of a scope to the scopes and keys of its app. Each level includes the ones before it. */
export type KeyAccess = keyof typeof table.keys;
export const KeyAccess = constantsOf(table.keys);

/** The rights of an administrator. */
export type AdministratorRole = keyof typeof table.roles;
export const AdministratorRole = constantsOf(table.roles);

/** The permissions of a scope that are compared with the requirements of fields. */
export interface Permissions {
  readonly agents: AgentAccess;
  readonly runtime: readonly RuntimePermission[];
  /** ALL if it is left out. */
  readonly agentAccess?: AgentSelection;
  /** NONE if it is left out. */
  readonly keys?: KeyAccess;
}

/** A set of permissions as bits, so that authorization compares small integers. */
export type Grants = number;

/** The requirement of a field on its caller. */
export type Requirement =
  | { readonly kind: "credential" }
  /** An administrator with the role ADMIN, or with one of these; confined to no apps, if it says so. */
  | {
      readonly kind: "admin";
      readonly roles: readonly Exclude<AdministratorRole, "ADMIN">[];
      readonly allApps?: true;
    }
  /** FULL on all agents, as a new agent is none of those that a scope may have selected. */
  | { readonly kind: "allAgents" }
  | { readonly kind: "agent"; readonly level: Exclude<AgentAccess, "NONE"> }
  /** A level of access to keys, which administrators have by their roles. */
  | { readonly kind: "keys"; readonly level: Exclude<KeyAccess, "NONE"> }
  | {
      readonly kind: "runtime";
      readonly anyOf: readonly RuntimePermission[];
      /** Also enough for an auditor, as the field only reads. */
      readonly auditor?: true;
    };

const levels = Object.values(AgentAccess);
const keyLevels = Object.values(KeyAccess);
const runtimePermissions = Object.values(RuntimePermission);
const roles = Object.values(AdministratorRole);
const reaches = ["ALL_AGENTS", "ALL_APPS", "AUDIT_OF_ALL_APPS"] as const;
/** Levels on keys have names of their own here, as those on agents have the same. */
const onKeys = <Level extends KeyAccess>(level: Level) => `${level} on keys` as const;
/** The bit of each permission. NONE has none, so that it satisfies nothing. */
const bits = Object.fromEntries(
  [...levels, ...runtimePermissions, ...roles, ...reaches, ...keyLevels.map(onKeys)].map((name, i) => [
    name,
    name.startsWith("NONE") ? 0 : 1 << i,
  ]),
) as Readonly<
  Record<
    AgentAccess | RuntimePermission | AdministratorRole | (typeof reaches)[number] | `${KeyAccess} on keys`,
    Grants
  >
>;

const union = (names: readonly (keyof typeof bits)[]): Grants => names.reduce((all, name) => all | bits[name], 0);

/** The grants of an administrator with the role ADMIN who is confined to no apps. */
export const everything: Grants = union([
  ...levels,
  ...runtimePermissions,
  ...keyLevels.map(onKeys),
  ...(["ADMIN", "ALL_AGENTS", "ALL_APPS"] as const),
]);

/** @throws if the role is unknown: what a later version knows must not grant something here */
export function grantsOfRole(role: AdministratorRole, isConfined: boolean): Grants {
  switch (role) {
    case "ADMIN":
      return isConfined ? everything & ~bits.ALL_APPS : everything;
    case "KEY_MANAGER":
      return union(["KEY_MANAGER", "VIEW", ...keyLevels.map(onKeys)]);
    case "AUDITOR":
      return union([
        "AUDITOR",
        "VIEW",
        "VIEW on keys",
        "SESSION_VIEW",
        ...(isConfined ? [] : ["AUDIT_OF_ALL_APPS" as const]),
      ]);
    default:
      throw new Error("Unknown role");
  }
}

/** @throws if a permission is unknown: a scope from which it is silently dropped would grant something else */
export function grantsOf({ agents, runtime, agentAccess = "ALL", keys = "NONE" }: Permissions): Grants {
  if (!Object.hasOwn(AgentAccess, agents)) throw new Error("Unknown level of access to agents");
  if (runtime.some((permission) => !Object.hasOwn(RuntimePermission, permission))) {
    throw new Error("Unknown runtime permission");
  }
  if (!Object.hasOwn(AgentSelection, agentAccess)) throw new Error("Unknown selection of agents");
  if (!Object.hasOwn(KeyAccess, keys)) throw new Error("Unknown level of access to keys");
  const isFull = agents === "FULL" && agentAccess === "ALL";
  return union([
    ...levels.slice(0, levels.indexOf(agents) + 1),
    ...runtime,
    ...keyLevels.slice(0, keyLevels.indexOf(keys) + 1).map(onKeys),
    ...(isFull ? ["ALL_AGENTS" as const] : []),
  ]);
}

/** As denials say it: with the level on keys, if there is one. */
export function permissionsOf(granted: Grants): {
  agents: AgentAccess;
  runtime: RuntimePermission[];
  keys?: KeyAccess;
} {
  const agents = levels.findLast((level) => granted & bits[level]) ?? "NONE";
  const keys = keyLevels.findLast((level) => granted & bits[onKeys(level)]);
  const runtime = runtimePermissions.filter((permission) => granted & bits[permission]);
  return { agents, runtime, ...(keys && { keys }) };
}

/** The permissions of which a caller needs one; 0 if any credential is enough. */
export function maskOf(requirement: Requirement): Grants {
  switch (requirement.kind) {
    case "credential":
      return 0;
    case "admin":
      if (!requirement.allApps) return union(["ADMIN", ...requirement.roles]);
      return union(["ALL_APPS", ...(requirement.roles.includes("AUDITOR") ? ["AUDIT_OF_ALL_APPS" as const] : [])]);
    case "allAgents":
      return bits.ALL_AGENTS;
    case "agent":
      return bits[requirement.level];
    case "keys":
      return bits[onKeys(requirement.level)];
    case "runtime":
      return union([...requirement.anyOf, ...(requirement.auditor ? ["AUDITOR" as const] : [])]);
  }
}

export const satisfies = (granted: Grants, mask: Grants): boolean => mask === 0 || (granted & mask) !== 0;

/**
 * A requirement as the schema names it: `any`, `admin`, `admin of all apps`, `admin or AUDITOR`, `EDIT`, `FULL on ALL`,
 * `admin or KEY_MANAGER or MANAGE on keys`, `SESSION_VIEW or DOCUMENT_UPLOAD`.
 */
export function describe(requirement: Requirement): string {
  switch (requirement.kind) {
    case "credential":
      return "any";
    case "admin":
      return ["admin", ...requirement.roles]
        .map((role) => role + (requirement.allApps ? " of all apps" : ""))
        .join(" or ");
    case "allAgents":
      return "FULL on ALL";
    case "agent":
      return requirement.level;
    case "keys": {
      const readers = requirement.level === "VIEW" ? ["AUDITOR"] : [];
      return ["admin", "KEY_MANAGER", ...readers, onKeys(requirement.level)].join(" or ");
    }
    case "runtime":
      return [...requirement.anyOf, ...(requirement.auditor ? ["AUDITOR"] : [])].join(" or ");
  }
}

/** A requirement as the holder of an API key needs to know it: without what only administrators have. */
export function describeForKeys(requirement: Requirement): string {
  if (requirement.kind === "admin") return "admin";
  if (requirement.kind === "keys") return onKeys(requirement.level);
  return requirement.kind === "runtime" ? requirement.anyOf.join(" or ") : describe(requirement);
}

registerEnumType(AdministratorRole, {
  name: "AdministratorRole",
  description: "The rights of an administrator.",
  valuesConfig: valuesConfigOf(table.roles),
});

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

registerEnumType(AgentSelection, {
  name: "AgentSelection",
  description: "The agents that the permissions of a scope apply to.",
  valuesConfig: valuesConfigOf(table.selection),
});

registerEnumType(KeyAccess, {
  name: "KeyAccess",
  description: "Access of a scope to the scopes and keys of its app. Each level includes the ones before it.",
  valuesConfig: valuesConfigOf(table.keys),
});

registerEnumType(SessionAccess, {
  name: "SessionAccess",
  description: "The sessions that the runtime permissions of a scope apply to.",
  valuesConfig: valuesConfigOf(table.sessions),
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
