import type { MutationCall } from "./mutations";
import type { ModelState } from "./model-state";

const conflict = "CONFLICT";
const notFound = "NOT_FOUND";
const agentFields = "agent { id name description instructions version }";

export const createAgent = (appId: string, name: string): MutationCall => ({
  field: "createAgent",
  input: { appId, name },
  selection: agentFields,
  claimedName: `agent ${appId} ${name}`,
  parents: [appId],
  apply(state, actual) {
    if (!state.apps.has(appId)) return notFound;
    if (state.hasAgent(appId, name)) return conflict;
    const agent = { name, description: "", instructions: "", version: 1 };
    const id = actual.agent?.id as string;
    state.agents.set(id, { appId, ...agent });
    return { agent: { id, ...agent } };
  },
});

export interface AgentChanges {
  readonly name: string | undefined;
  readonly description: string | undefined;
  readonly instructions: string | undefined;
  readonly expectedVersion: number | undefined;
}

export const updateAgent = (id: string, changes: AgentChanges, appId: string | undefined): MutationCall => ({
  field: "updateAgent",
  input: { id, ...changes },
  selection: agentFields,
  claimedName: changes.name && `agent ${appId ?? ""} ${changes.name}`,
  target: id,
  parents: [appId],
  apply(state) {
    const before = state.agents.get(id);
    if (!before) return notFound;
    const { expectedVersion, name, description, instructions } = changes;
    if (expectedVersion !== undefined && expectedVersion !== before.version) return conflict;
    if (name !== undefined && state.hasAgent(before.appId, name, id)) return conflict;
    const agent = {
      name: name ?? before.name,
      description: description ?? before.description,
      instructions: instructions ?? before.instructions,
      version: before.version + 1,
    };
    state.agents.set(id, { appId: before.appId, ...agent });
    return { agent: { id, ...agent } };
  },
});

export const deleteAgent = (id: string, appId: string | undefined): MutationCall => ({
  field: "deleteAgent",
  input: { id },
  selection: "id",
  target: id,
  isDeletion: true,
  parents: [appId],
  apply(state) {
    return state.agents.delete(id) ? { id } : notFound;
  },
});

const sessionFields = "session { id reference terminatedAt }";

export const createSession = (appId: string, reference: string | undefined): MutationCall => ({
  field: "createSession",
  input: { appId, reference },
  selection: sessionFields,
  claimedName: reference && `session ${appId} ${reference}`,
  parents: [appId],
  apply(state, actual) {
    if (!state.apps.has(appId)) return notFound;
    if (reference !== undefined && state.activeSession(appId, reference) !== undefined) return conflict;
    const session = { reference: reference ?? null, terminatedAt: null };
    const id = actual.session?.id as string;
    state.sessions.set(id, { appId, ...session });
    return { session: { id, ...session } };
  },
});

/** Terminates a session by its id, or by its reference. */
export const terminateSession = (
  session: { readonly id: string } | { readonly appId: string; readonly reference: string },
  parents: readonly (string | undefined)[],
): MutationCall => ({
  field: "terminateSession",
  input: session,
  selection: sessionFields,
  target: "id" in session ? session.id : `session ${session.appId} ${session.reference}`,
  isDeletion: true,
  parents,
  apply(state, actual) {
    const id = "id" in session ? session.id : findSession(state, session.appId, session.reference);
    const before = id === undefined ? undefined : state.sessions.get(id);
    if (id === undefined || !before) return notFound;
    const terminatedAt = before.terminatedAt ?? (actual.session?.terminatedAt as string);
    state.sessions.set(id, { ...before, terminatedAt });
    return { session: { id, reference: before.reference, terminatedAt } };
  },
});

/** The active session, or else the newest one: ids are in the order of creation. */
function findSession(state: ModelState, appId: string, reference: string): string | undefined {
  const matching = [...state.sessions].filter(([, each]) => each.appId === appId && each.reference === reference);
  return (
    state.activeSession(appId, reference) ??
    matching
      .map(([id]) => id)
      .sort()
      .at(-1)
  );
}

/** Executes in the session with this reference, which is created if there is none. */
export const executeAgent = (agentId: string, reference: string, appId: string | undefined): MutationCall => ({
  field: "executeAgent",
  input: { agentId, session: { reference }, text: "Hello", waitMs: 0 },
  selection: "sessionCreated session { id }",
  claimedName: `session ${appId ?? ""} ${reference}`,
  parents: [agentId, appId, `session ${appId ?? ""} ${reference}`],
  apply(state, actual) {
    const agent = state.agents.get(agentId);
    if (!agent) return notFound;
    const active = state.activeSession(agent.appId, reference);
    const id = active ?? (actual.session?.id as string);
    if (active === undefined) state.sessions.set(id, { appId: agent.appId, reference, terminatedAt: null });
    return { sessionCreated: active === undefined, session: { id } };
  },
});
