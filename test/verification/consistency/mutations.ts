import { isActive, sometime, type World } from "./world";

/** What came of a call: its payload, or the code that it was refused with. */
export type Outcome = any;

/** One mutation of one administrator. */
export interface MutationCall {
  readonly field: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** What is asked for. */
  readonly asks: string;
  /** The unique name that it claims, if any; the same for whoever claims the same. */
  readonly claims?: string | undefined;
  /** The object that it changes, if any. */
  readonly changes?: string | undefined;
  /** Whether that is the end of the object. */
  readonly isEnd?: boolean;
  /** What it is in that may end. */
  readonly within?: readonly (string | undefined)[];
  /**
   * Does it to the world, and says what must be answered.
   *
   * @param told what was answered, for what nobody can know beforehand: new ids, and times
   */
  apply(world: World, told: Outcome): Outcome;
}

const conflict = "CONFLICT";
const notFound = "NOT_FOUND";

const given = (changes: object): object =>
  Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));

type Limits = Partial<Readonly<Record<"runsAtOnce" | "queuedRuns", number>>>;
const appFields = "app { id name limits { runsAtOnce queuedRuns } }";

export const createApp = (name: string): MutationCall => ({
  field: "createApp",
  input: { name },
  asks: appFields,
  claims: `app ${name}`,
  apply(world, told) {
    if (world.hasApp(name)) return conflict;
    const app = { name, limits: { runsAtOnce: null, queuedRuns: null } };
    const id = told.app?.id as string;
    world.apps.set(id, app);
    return { app: { id, ...app } };
  },
});

export const updateApp = (id: string, name: string | undefined, limits: Limits | undefined): MutationCall => ({
  field: "updateApp",
  input: { id, name, limits },
  asks: appFields,
  claims: name && `app ${name}`,
  changes: id,
  apply(world) {
    const before = world.apps.get(id);
    if (!before) return notFound;
    if (name !== undefined && world.hasApp(name, id)) return conflict;
    const app = { name: name ?? before.name, limits: { ...before.limits, ...limits } };
    world.apps.set(id, app);
    return { app: { id, ...app } };
  },
});

export const deleteApp = (id: string): MutationCall => ({
  field: "deleteApp",
  input: { id },
  asks: "id",
  changes: id,
  isEnd: true,
  apply(world) {
    if (!world.apps.has(id)) return notFound;
    world.removeApp(id);
    return { id };
  },
});

const scopeFields = "scope { id name description permissions { agents runtime } }";

export const createScope = (appId: string, name: string): MutationCall => ({
  field: "createScope",
  input: { appId, name, permissions: {} },
  asks: scopeFields,
  claims: `scope ${appId} ${name}`,
  within: [appId],
  apply(world, told) {
    if (!world.apps.has(appId)) return notFound;
    if (world.hasScope(appId, name)) return conflict;
    const scope = { name, description: "", permissions: { agents: "NONE" as const, runtime: [] } };
    const id = told.scope?.id as string;
    world.scopes.set(id, { appId, ...scope });
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
  asks: scopeFields,
  claims: changes.name && `scope ${appId ?? ""} ${changes.name}`,
  changes: id,
  within: [appId],
  apply(world) {
    const before = world.scopes.get(id);
    if (!before) return notFound;
    if (changes.name !== undefined && world.hasScope(before.appId, changes.name, id)) return conflict;
    const after = { ...before, ...given(changes) };
    world.scopes.set(id, after);
    const { appId: _, ...scope } = after;
    return { scope: { id, ...scope } };
  },
});

export const deleteScope = (id: string, revokeKeys: boolean, appId: string | undefined): MutationCall => ({
  field: "deleteScope",
  input: { id, revokeKeys },
  asks: "id",
  changes: id,
  isEnd: true,
  within: [appId],
  apply(world) {
    if (!world.scopes.has(id)) return notFound;
    const active = [...world.keys].filter(([, key]) => key.scopeId === id && isActive(key));
    if (active.length > 0 && !revokeKeys) return conflict;
    for (const [keyId, key] of active) world.keys.set(keyId, { ...key, revokedAt: sometime });
    world.scopes.delete(id);
    return { id };
  },
});

const keyFields = "apiKey { id name revokedAt }";

export const createApiKey = (scopeId: string, name: string, appId: string | undefined): MutationCall => ({
  field: "createApiKey",
  input: { scopeId, name },
  asks: `secret ${keyFields}`,
  claims: `key ${scopeId} ${name}`,
  within: [scopeId, appId],
  apply(world, told) {
    const scope = world.scopes.get(scopeId);
    if (!scope) return notFound;
    if (world.hasActiveKey(scopeId, name)) return conflict;
    const { secret, apiKey } = told as { secret: string; apiKey?: { id: string } };
    const id = apiKey?.id ?? "";
    world.keys.set(id, { appId: scope.appId, scopeId, name, secret, revokedAt: null });
    return { secret, apiKey: { id, name, revokedAt: null } };
  },
});

export const renameApiKey = (id: string, name: string, within: readonly (string | undefined)[]): MutationCall => ({
  field: "renameApiKey",
  input: { id, name },
  asks: "apiKey { id name }",
  claims: `key ${within[0] ?? ""} ${name}`,
  changes: id,
  within,
  apply(world) {
    const before = world.keys.get(id);
    if (!before) return notFound;
    if (isActive(before) && world.hasActiveKey(before.scopeId, name, id)) return conflict;
    world.keys.set(id, { ...before, name });
    return { apiKey: { id, name } };
  },
});

export const revokeApiKey = (id: string, within: readonly (string | undefined)[]): MutationCall => ({
  field: "revokeApiKey",
  input: { id },
  asks: keyFields,
  changes: id,
  isEnd: true,
  within,
  apply(world, told) {
    const before = world.keys.get(id);
    if (!before) return notFound;
    const isKnown = before.revokedAt !== null && before.revokedAt !== sometime;
    const revokedAt = isKnown ? before.revokedAt : ((told.apiKey?.revokedAt ?? sometime) as string);
    world.keys.set(id, { ...before, revokedAt });
    return { apiKey: { id, name: before.name, revokedAt } };
  },
});
