import type { Change } from "../../parts/changes";
import { splitList } from "../../parts/format";
import { agentLevels, type GrantedPermissions, keyLevels, runtimePermissions } from "../../parts/permissions";
import type { ScopeFieldsFragment } from "./operations.generated";

export const limitNames = {
  requestsPerSecond: "Points per second",
  requestBurst: "Points at once",
  runsAtOnce: "Runs at once",
  tokensPerDay: "Tokens per day",
} as const;
export type LimitName = keyof typeof limitNames;

/** A scope as it is typed: lists and numbers are still texts. */
export interface ScopeDraft {
  readonly name: string;
  readonly description: string;
  readonly tags: string;
  readonly addresses: string;
  readonly permissions: GrantedPermissions;
  readonly limits: Readonly<Record<LimitName, string>>;
}

export const emptyDraft: ScopeDraft = {
  name: "",
  description: "",
  tags: "",
  addresses: "",
  permissions: { agents: "NONE", agentAccess: "ALL", agentIds: [], runtime: [], sessions: "APP", keys: "NONE" },
  limits: { requestsPerSecond: "", requestBurst: "", runsAtOnce: "", tokensPerDay: "" },
};

const shown = (value: number | null): string => (value === null ? "" : String(value));

export function draftOf(scope: ScopeFieldsFragment): ScopeDraft {
  const { name, description, tags, allowedAddresses, permissions, limits } = scope;
  return {
    name,
    description,
    tags: tags.join(", "),
    addresses: allowedAddresses.join("\n"),
    permissions,
    limits: {
      requestsPerSecond: shown(limits.requestsPerSecond),
      requestBurst: shown(limits.requestBurst),
      runsAtOnce: shown(limits.runsAtOnce),
      tokensPerDay: shown(limits.tokensPerDay),
    },
  };
}

const numberOf = (text: string): number | null => (text.trim() === "" ? null : Number(text));

/** A draft as the API takes it. */
export function inputOf({ name, description, tags, addresses, permissions, limits }: ScopeDraft) {
  const { agents, agentAccess, agentIds, runtime, sessions, keys } = permissions;
  return {
    name,
    description,
    tags: splitList(tags),
    allowedAddresses: splitList(addresses),
    permissions: {
      agents,
      agentAccess,
      agentIds: agentAccess === "ALL" ? [] : [...agentIds],
      runtime: [...runtime],
      sessions,
      keys,
    },
    limits: {
      requestsPerSecond: numberOf(limits.requestsPerSecond),
      requestBurst: numberOf(limits.requestBurst),
      runsAtOnce: numberOf(limits.runsAtOnce),
      tokensPerDay: numberOf(limits.tokensPerDay),
    },
  };
}

const levels = agentLevels.map(({ value }) => value);
const levelName = (level: string): string => agentLevels.find(({ value }) => value === level)?.name ?? level;

/** The differences between two drafts of a scope. */
export function changesBetween(before: ScopeDraft, after: ScopeDraft): Change[] {
  const changes: Change[] = [];
  const add = (what: string, old: string, next: string, effect: Change["effect"] = "other") => {
    if (old !== next) changes.push({ what, before: old, after: next, effect });
  };
  const [old, next] = [before.permissions, after.permissions];
  const rank = (level: (typeof levels)[number]) => levels.indexOf(level);
  add("Agents", levelName(old.agents), levelName(next.agents), rank(next.agents) > rank(old.agents) ? "more" : "less");
  addSelection(old, next, add);
  for (const { value, name } of runtimePermissions) {
    const granted = next.runtime.includes(value);
    add(
      name,
      old.runtime.includes(value) ? "granted" : "not granted",
      granted ? "granted" : "not granted",
      granted ? "more" : "less",
    );
  }
  const keyRank = (level: string) => keyLevels.findIndex(({ value }) => value === level);
  const keyName = (level: string) => keyLevels[keyRank(level)]?.name ?? level;
  add("Keys", keyName(old.keys), keyName(next.keys), keyRank(next.keys) > keyRank(old.keys) ? "more" : "less");
  const reach = { APP: "all sessions of the app", OWN: "own sessions" };
  add("Sessions", reach[old.sessions], reach[next.sessions], next.sessions === "APP" ? "more" : "less");
  const addresses = (draft: ScopeDraft) => splitList(draft.addresses).join(", ") || "any address";
  add("Addresses", addresses(before), addresses(after), addresses(after) === "any address" ? "more" : "less");
  for (const [limit, name] of Object.entries(limitNames) as [LimitName, string][])
    add(
      name,
      before.limits[limit].trim() || "no limit",
      after.limits[limit].trim() || "no limit",
      limitEffect(before.limits[limit], after.limits[limit]),
    );
  add("Name", before.name, after.name);
  add("Description", before.description, after.description);
  add("Tags", splitList(before.tags).join(", ") || "none", splitList(after.tags).join(", ") || "none");
  return changes;
}

function addSelection(
  old: GrantedPermissions,
  next: GrantedPermissions,
  add: (what: string, before: string, after: string, effect: Change["effect"]) => void,
): void {
  const name = ({ agentAccess, agentIds }: GrantedPermissions) =>
    agentAccess === "ALL" ? "all agents" : `${String(agentIds.length)} selected`;
  if (old.agentAccess !== next.agentAccess) {
    add("Which agents", name(old), name(next), next.agentAccess === "ALL" ? "more" : "less");
    return;
  }
  if (next.agentAccess === "ALL") return;
  const added = next.agentIds.filter((id) => !old.agentIds.includes(id)).length;
  const removed = old.agentIds.filter((id) => !next.agentIds.includes(id)).length;
  if (added + removed === 0) return;
  const parts = [added > 0 && `${String(added)} added`, removed > 0 && `${String(removed)} removed`];
  add("Which agents", name(old), parts.filter(Boolean).join(", "), removed > 0 ? "less" : "more");
}

const limitEffect = (before: string, after: string): Change["effect"] =>
  (numberOf(after) ?? Number.POSITIVE_INFINITY) > (numberOf(before) ?? Number.POSITIVE_INFINITY) ? "more" : "less";
