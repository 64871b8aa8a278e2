import { type AdministratorRole, everything, type Grants, type SessionAccess } from "./permissions";

/** A limit of points. Null: any number. */
export interface RequestRate {
  readonly requestsPerSecond: number | null;
  readonly requestBurst: number | null;
}

/** The limits of a key, or those that all keys of its scope share. Null: no limit. */
export interface HolderLimits extends RequestRate {
  readonly tokensPerDay: number | null;
  readonly runsAtOnce: number | null;
}

/** The limits that apply to a key: its own, those of its scope and those of its app, all of them. */
export interface CallerLimits {
  readonly key: HolderLimits;
  readonly scope: HolderLimits;
  readonly app: RequestRate & {
    /** On each instance. */
    readonly openStreams: number | null;
    readonly waitingExecutions: number | null;
  };
}

const noLimits: HolderLimits = { requestsPerSecond: null, requestBurst: null, tokensPerDay: null, runsAtOnce: null };

/** For a key without limits. */
export const unlimited: CallerLimits = {
  key: noLimits,
  scope: noLimits,
  app: { requestsPerSecond: null, requestBurst: null, openStreams: null, waitingExecutions: null },
};

/** An administrator by name, as of one of its keys. */
export interface AdministratorIdentity {
  readonly administratorId: string;
  /** Raised when the key is replaced: what was begun with an earlier key ends. */
  readonly keyVersion: number;
}

/** A session of the console that a caller has come with, and who has signed in. */
export interface ConsoleUse {
  readonly sessionId: string;
  /** Null for the root key. */
  readonly identity: AdministratorIdentity | null;
}

/** An administrator: the holder of the root key, or one by name. */
export interface AdminCaller {
  readonly kind: "ADMIN";
  readonly name: string;
  readonly granted: Grants;
  readonly role: AdministratorRole;
  /** The apps that alone the administrator can reach; null for all. */
  readonly appIds: readonly string[] | null;
  /** Null for the root key, which can't be revoked. */
  readonly identity: AdministratorIdentity | null;
  /** When the credential ends; null if it does not. */
  readonly endsAt: Date | null;
  readonly console?: ConsoleUse;
}

/** An administrator, or the holder of an API key of one app. */
export type Caller =
  | AdminCaller
  | {
      readonly kind: "API_KEY";
      readonly name: string;
      readonly granted: Grants;
      readonly keyId: string;
      readonly scopeId: string;
      readonly appId: string;
      readonly limits: CallerLimits;
      /** The sessions that the caller can reach. */
      readonly sessions: SessionAccess;
      /** The agents that the caller can reach; null for all of its app. */
      readonly agentIds: readonly string[] | null;
      /** Networks that the caller must come from: one of each list that is not empty. */
      readonly allowedAddresses: readonly (readonly string[])[];
      /** When the key ends because it has a successor; null if it has none. */
      readonly endsAt: Date | null;
      /** Of an administrator who acts as a key of the scope would; there is no such key. */
      readonly console?: ConsoleUse;
    };

/** The holder of an API key. */
export type KeyCaller = Extract<Caller, { kind: "API_KEY" }>;

/** A session, or a row that belongs to one. */
export interface SessionOwned {
  readonly appId: string;
  /** The scope whose key opened the session; null if an administrator did, or an earlier version of the server. */
  readonly sessionScopeId: string | null;
}

/** The holder of the root key. */
export const administrator: AdminCaller = {
  kind: "ADMIN",
  name: "administrator",
  granted: everything,
  role: "ADMIN",
  appIds: null,
  identity: null,
  endsAt: null,
};

/** The apps that alone the caller can reach; undefined if it can reach all. */
export const reachableApps = (caller: Caller): readonly string[] | undefined =>
  caller.kind === "ADMIN" ? (caller.appIds ?? undefined) : [caller.appId];

/** The rule of tenant isolation: an API key reaches only its own app, an administrator every one or those it has. */
export const canReach = (caller: Caller, appId: string): boolean => reachableApps(caller)?.includes(appId) ?? true;

/** Whether a caller could reach an app before that it can't reach now. */
export const hasLostApps = (before: Caller, now: Caller): boolean => {
  const reachable = reachableApps(now);
  return reachable !== undefined && (reachableApps(before)?.some((id) => !reachable.includes(id)) ?? true);
};

/** The scope whose sessions alone the caller can reach; undefined if the caller can reach all sessions of its apps. */
export const confiningScope = (caller: Caller): string | undefined =>
  caller.kind === "API_KEY" && caller.sessions === "OWN" ? caller.scopeId : undefined;

/** The rule of canReach() for sessions and all that belongs to them: a confined key reaches only its scope's own. */
export const canReachSession = (caller: Caller, { appId, sessionScopeId }: SessionOwned): boolean =>
  canReach(caller, appId) && [undefined, sessionScopeId].includes(confiningScope(caller));

/** The agents that alone the caller can reach; undefined if the caller can reach all agents of its apps. */
export const selectedAgents = (caller: Caller): readonly string[] | undefined =>
  caller.kind === "API_KEY" ? (caller.agentIds ?? undefined) : undefined;

/** Whether a selection of agents, if there is one, has this agent. */
export const isSelectedAgent = (caller: Caller, agentId: string): boolean =>
  selectedAgents(caller)?.includes(agentId) ?? true;

/** The rule of canReach() for agents. */
export const canReachAgent = (
  caller: Caller,
  { id, appId }: { readonly id: string; readonly appId: string },
): boolean => canReach(caller, appId) && isSelectedAgent(caller, id);

/** The rule of canReachSession() for runs: those of a session that the caller can reach, of an agent that it can reach. */
export const canReachRun = (caller: Caller, run: SessionOwned & { readonly agentId: string }): boolean =>
  canReachSession(caller, run) && isSelectedAgent(caller, run.agentId);

/** Whether a caller could reach an agent before that it can't reach now. */
export const hasLostAgents = (before: Caller, now: Caller): boolean => {
  const selected = selectedAgents(now);
  if (!selected) return false;
  return selectedAgents(before)?.some((id) => !selected.includes(id)) ?? true;
};

const maxAuthorChars = 120;

/** How records of what was done name the caller: a key says that it is one, so that no name passes for an administrator's. */
export const authorOf = (caller: Caller): string =>
  caller.kind === "API_KEY" && !caller.console
    ? Array.from(`API key ${caller.name}`).slice(0, maxAuthorChars).join("")
    : caller.name;

/** Identifies the caller among all callers, for state that belongs to one caller only. */
export const identityOf = (caller: Caller): string => holderIdOf(caller) ?? "ADMIN";

/** The id of the key or the administrator whose access can be revoked; undefined for the root key. */
export const holderIdOf = (caller: Caller): string | undefined =>
  caller.kind === "ADMIN" ? caller.identity?.administratorId : caller.keyId;

/** Whose share of a limited resource the caller takes: that of a key in an app. An administrator has no app. */
export const fairShareOf = (caller: Caller): { readonly appId: string; readonly lane: string } => ({
  appId: caller.kind === "ADMIN" ? "" : caller.appId,
  lane: identityOf(caller),
});

/** Whether the access of a caller can be taken away: that of the root key itself can't. */
export const isRevocable = (caller: Caller): boolean =>
  holderIdOf(caller) !== undefined || caller.console !== undefined;
