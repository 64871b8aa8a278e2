export type AgentLevel = "NONE" | "VIEW" | "EDIT" | "FULL";
export type RuntimeName = "RUN" | "SESSION_CREATE" | "SESSION_TERMINATE" | "DOCUMENT_UPLOAD" | "SESSION_VIEW";

export type KeyLevel = "NONE" | "VIEW" | "MANAGE";

export interface GrantedPermissions {
  readonly agents: AgentLevel;
  readonly agentAccess: "ALL" | "SELECTED";
  readonly agentIds: readonly string[];
  readonly runtime: readonly RuntimeName[];
  readonly sessions: "APP" | "OWN";
  readonly keys: KeyLevel;
}

/** Each level includes the ones before it. */
export const agentLevels = [
  { value: "NONE", name: "None", adds: "No access to agents." },
  { value: "VIEW", name: "View", adds: "List agents and read their details." },
  { value: "EDIT", name: "Edit", adds: "Also update existing agents." },
  { value: "FULL", name: "Full", adds: "Also create and delete agents." },
] as const satisfies readonly { value: AgentLevel; name: string; adds: string }[];

export const keyLevels = [
  { value: "NONE", name: "None", adds: "No access to keys and scopes." },
  { value: "VIEW", name: "View", adds: "List the scopes and keys of the app, and read their details." },
  {
    value: "MANAGE",
    name: "Manage",
    adds: "Also create, change, rotate and revoke the keys of other scopes that grant no more than this one.",
  },
] as const satisfies readonly { value: KeyLevel; name: string; adds: string }[];

/** In the order of the marks. */
export const runtimePermissions = [
  {
    value: "RUN",
    letter: "R",
    name: "Run API",
    says: "Execute agents, follow and cancel those runs. Also opens the session if it does not exist.",
  },
  { value: "SESSION_CREATE", letter: "C", name: "Session Create", says: "Open sessions." },
  {
    value: "SESSION_TERMINATE",
    letter: "T",
    name: "Session Terminate API",
    says: "Terminate sessions, which cancels their runs.",
  },
  {
    value: "DOCUMENT_UPLOAD",
    letter: "D",
    name: "Document Upload",
    says: "Upload documents to sessions, and delete them again.",
  },
  { value: "SESSION_VIEW", letter: "V", name: "Session View", says: "List sessions and read what was said in them." },
] as const satisfies readonly { value: RuntimeName; letter: string; name: string; says: string }[];

/** The marks in words. */
export function describePermissions({ agents, runtime }: Pick<GrantedPermissions, "agents" | "runtime">): string {
  const level = agentLevels.find(({ value }) => value === agents)?.name ?? agents;
  const names = runtimePermissions.filter(({ value }) => runtime.includes(value)).map(({ name }) => name);
  return `Agents: ${level}. Runtime: ${names.length > 0 ? names.join(", ") : "none"}.`;
}
