import { registerEnumType } from "type-graphql";

/** What a scope allows on agents. Each level includes those before it. */
export const AgentAccess = { NONE: "NONE", VIEW: "VIEW", EDIT: "EDIT", FULL: "FULL" } as const;
export type AgentAccess = keyof typeof AgentAccess;

/** What a scope allows at run time. Each permission stands alone. */
export const RuntimePermission = {
  RUN: "RUN",
  SESSION_CREATE: "SESSION_CREATE",
  SESSION_TERMINATE: "SESSION_TERMINATE",
  DOCUMENT_UPLOAD: "DOCUMENT_UPLOAD",
  SESSION_VIEW: "SESSION_VIEW",
} as const;
export type RuntimePermission = keyof typeof RuntimePermission;

/** What a scope grants to its keys, as people write it. */
export interface Permissions {
  readonly agents: AgentAccess;
  readonly runtime: readonly RuntimePermission[];
}

/** A set of permissions as bits, so that a verdict is a comparison of small integers. */
export type Grants = number;

/** What a field asks of its caller. */
export type Requirement =
  | { readonly kind: "credential" }
  | { readonly kind: "admin" }
  | { readonly kind: "agent"; readonly level: Exclude<AgentAccess, "NONE"> }
  | { readonly kind: "runtime"; readonly anyOf: readonly RuntimePermission[] };

const bits = {
  VIEW: 1,
  EDIT: 2,
  FULL: 4,
  RUN: 8,
  SESSION_CREATE: 16,
  SESSION_TERMINATE: 32,
  DOCUMENT_UPLOAD: 64,
  SESSION_VIEW: 128,
  ADMIN: 256,
} as const;

const levels: Readonly<Record<AgentAccess, Grants>> = {
  NONE: 0,
  VIEW: bits.VIEW,
  EDIT: bits.VIEW | bits.EDIT,
  FULL: bits.VIEW | bits.EDIT | bits.FULL,
};

/** What an administrator may do. */
export const everything: Grants = Object.values(bits).reduce((all, bit) => all | bit, 0);

/** @throws where a permission is unknown, since one that is dropped in silence would be a scope that says something else */
export function grantsOf({ agents, runtime }: Permissions): Grants {
  if (!Object.hasOwn(levels, agents)) throw new Error("Unknown level of access to agents");
  if (runtime.some((permission) => !Object.hasOwn(RuntimePermission, permission))) {
    throw new Error("Unknown runtime permission");
  }
  return runtime.reduce((granted, permission) => granted | bits[permission], levels[agents]);
}

export function permissionsOf(granted: Grants): { agents: AgentAccess; runtime: RuntimePermission[] } {
  const agents = (["FULL", "EDIT", "VIEW"] as const).find((level) => granted & bits[level]) ?? "NONE";
  return { agents, runtime: Object.values(RuntimePermission).filter((permission) => granted & bits[permission]) };
}

/** The permissions of which a caller needs one; no bit at all where any credential will do. */
export function maskOf(requirement: Requirement): Grants {
  switch (requirement.kind) {
    case "credential":
      return 0;
    case "admin":
      return bits.ADMIN;
    case "agent":
      return bits[requirement.level];
    case "runtime":
      return requirement.anyOf.reduce((mask, permission) => mask | bits[permission], 0);
  }
}

export const satisfies = (granted: Grants, mask: Grants): boolean => mask === 0 || (granted & mask) !== 0;

/** A requirement in the words of the schema: `any`, `admin`, `EDIT`, `SESSION_VIEW or DOCUMENT_UPLOAD`. */
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
  description: "What a scope allows on agents. Each level includes the ones before it.",
  valuesConfig: {
    NONE: { description: "No access to agents." },
    VIEW: { description: "List agents and read their details." },
    EDIT: { description: "Also update existing agents." },
    FULL: { description: "Also create and delete agents." },
  },
});

registerEnumType(RuntimePermission, {
  name: "RuntimePermission",
  description: "What a scope allows at run time. Each permission stands alone.",
  valuesConfig: {
    RUN: {
      description:
        "Execute agents, and follow and cancel those runs. An execution opens the session it names if there is none.",
    },
    SESSION_CREATE: { description: "Open sessions." },
    SESSION_TERMINATE: { description: "Terminate sessions." },
    DOCUMENT_UPLOAD: { description: "Upload documents to sessions, and delete them again." },
    SESSION_VIEW: { description: "List sessions and read what was said in them." },
  },
});
