import { isActive, unknownTime, type ModelState } from "./model-state";

/** The payload of a mutation, or the error code. */
export type Outcome = any;

/** One mutation of one administrator. */
export interface MutationCall {
  readonly field: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly selection: string;
  /** Identifies the unique name that the mutation claims: equal for mutations that conflict. */
  readonly claimedName?: string | undefined;
  /** The id of the object that the mutation changes. */
  readonly target?: string | undefined;
  /** Whether the mutation deletes, revokes or terminates its target. */
  readonly isDeletion?: boolean;
  /** The ids of the objects that the target belongs to. */
  readonly parents?: readonly (string | undefined)[];
  /**
   * Applies the mutation to the model.
   *
   * @param actual the servers' outcome, for values that the model cannot predict: new ids, secrets and times
   * @returns the expected outcome
   */
  apply(state: ModelState, actual: Outcome): Outcome;
}

const conflict = "CONFLICT";
const notFound = "NOT_FOUND";

const defined = (changes: object): object =>
  Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));

type Limits = Partial<Readonly<Record<"runsAtOnce" | "queuedRuns", number>>>;
const appFields = "app { id name limits { runsAtOnce queuedRuns } }";

export const createApp = (name: string): MutationCall => ({
  field: "createApp",
  input: { name, limits: { scopes: null, keysPerScope: null } },
  selection: appFields,
  claimedName: `app ${name}`,
  apply(state, actual) {
    if (state.hasApp(name)) return conflict;
    const app = { name, limits: { runsAtOnce: null, queuedRuns: null } };
    const id = actual.app?.id as string;
    state.apps.set(id, app);
    return { app: { id, ...app } };
  },
});

export const updateApp = (id: string, name: string | undefined, limits: Limits | undefined): MutationCall => ({
  field: "updateApp",
  input: { id, name, limits },
  selection: appFields,
  claimedName: name && `app ${name}`,
  target: id,
  apply(state) {
    const before = state.apps.get(id);
    if (!before) return notFound;
    if (name !== undefined && state.hasApp(name, id)) return conflict;
    const app = { name: name ?? before.name, limits: { ...before.limits, ...limits } };
    state.apps.set(id, app);
    return { app: { id, ...app } };
  },
});

export const deleteApp = (id: string): MutationCall => ({
  field: "deleteApp",
  input: { id },
  selection: "id",
  target: id,
  isDeletion: true,
  apply(state) {
    if (!state.apps.has(id)) return notFound;
    state.deleteApp(id);
    return { id };
  },
});

const scopeFields = "scope { id name description permissions { agents runtime } }";

export const createScope = (appId: string, name: string): MutationCall => ({
  field: "createScope",
  input: { appId, name, permissions: {} },
  selection: scopeFields,
  claimedName: `scope ${appId} ${name}`,
  parents: [appId],
  apply(state, actual) {
    if (!state.apps.has(appId)) return notFound;
    if (state.hasScope(appId, name)) return conflict;
    const scope = { name, description: "", permissions: { agents: "NONE" as const, runtime: [] } };
    const id = actual.scope?.id as string;
    state.scopes.set(id, { appId, ...scope });
    return { scope: { id, ...scope } };
  },
});

export interface ScopeChanges {
  readonly name: string | undefined;
  readonly description: string | undefined;
  readonly permissions: { readonly agents: "NONE" | "VIEW" | "EDIT" | "FULL"; readonly runtime: ["RUN"] } | undefined;
}

export const updateScope = (id: string, changes: ScopeChanges, appId: string | undefined): MutationCall => ({
  field: "updateScope",
  input: { id, ...changes },
  selection: scopeFields,
  claimedName: changes.name && `scope ${appId ?? ""} ${changes.name}`,
  target: id,
  parents: [appId],
  apply(state) {
    const before = state.scopes.get(id);
    if (!before) return notFound;
    if (changes.name !== undefined && state.hasScope(before.appId, changes.name, id)) return conflict;
    const after = { ...before, ...defined(changes) };
    state.scopes.set(id, after);
    const { appId: _, ...scope } = after;
    return { scope: { id, ...scope } };
  },
});

export const deleteScope = (id: string, revokeKeys: boolean, appId: string | undefined): MutationCall => ({
  field: "deleteScope",
  input: { id, revokeKeys },
  selection: "id",
  target: id,
  isDeletion: true,
  parents: [appId],
  apply(state) {
    if (!state.scopes.has(id)) return notFound;
    const active = [...state.keys].filter(([, key]) => key.scopeId === id && isActive(key));
    if (active.length > 0 && !revokeKeys) return conflict;
    for (const [keyId, key] of active) state.keys.set(keyId, { ...key, revokedAt: unknownTime });
    state.scopes.delete(id);
    return { id };
  },
});

const keyFields = "apiKey { id name revokedAt }";

export const createApiKey = (scopeId: string, name: string, appId: string | undefined): MutationCall => ({
  field: "createApiKey",
  input: { scopeId, name },
  selection: `secret ${keyFields}`,
  claimedName: `key ${scopeId} ${name}`,
  parents: [scopeId, appId],
  apply(state, actual) {
    const scope = state.scopes.get(scopeId);
    if (!scope) return notFound;
    if (state.hasActiveKey(scopeId, name)) return conflict;
    const { secret, apiKey } = actual as { secret: string; apiKey?: { id: string } };
    const id = apiKey?.id ?? "";
    state.keys.set(id, { appId: scope.appId, scopeId, name, secret, revokedAt: null });
    return { secret, apiKey: { id, name, revokedAt: null } };
  },
});

export const renameApiKey = (id: string, name: string, parents: readonly (string | undefined)[]): MutationCall => ({
  field: "renameApiKey",
  input: { id, name },
  selection: "apiKey { id name }",
  claimedName: `key ${parents[0] ?? ""} ${name}`,
  target: id,
  parents,
  apply(state) {
    const before = state.keys.get(id);
    if (!before) return notFound;
    if (isActive(before) && state.hasActiveKey(before.scopeId, name, id)) return conflict;
    state.keys.set(id, { ...before, name });
    return { apiKey: { id, name } };
  },
});

export const revokeApiKey = (id: string, parents: readonly (string | undefined)[]): MutationCall => ({
  field: "revokeApiKey",
  input: { id },
  selection: keyFields,
  target: id,
  isDeletion: true,
  parents,
  apply(state, actual) {
    const before = state.keys.get(id);
    if (!before) return notFound;
    const isKnown = before.revokedAt !== null && before.revokedAt !== unknownTime;
    const revokedAt = isKnown ? before.revokedAt : ((actual.apiKey?.revokedAt ?? unknownTime) as string);
    state.keys.set(id, { ...before, revokedAt });
    return { apiKey: { id, name: before.name, revokedAt } };
  },
});
