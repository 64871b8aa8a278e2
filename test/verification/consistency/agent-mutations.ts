import type { MutationCall } from "./mutations";
import type { World } from "./world";

const conflict = "CONFLICT";
const notFound = "NOT_FOUND";
const agentFields = "agent { id name description instructions version }";

export const createAgent = (appId: string, name: string): MutationCall => ({
  field: "createAgent",
  input: { appId, name },
  asks: agentFields,
  claims: `agent ${appId} ${name}`,
  within: [appId],
  apply(world, told) {
    if (!world.apps.has(appId)) return notFound;
    if (world.hasAgent(appId, name)) return conflict;
    const agent = { name, description: "", instructions: "", version: 1 };
    const id = told.agent?.id as string;
    world.agents.set(id, { appId, ...agent });
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
  asks: agentFields,
  claims: changes.name && `agent ${appId ?? ""} ${changes.name}`,
  changes: id,
  within: [appId],
  apply(world) {
    const before = world.agents.get(id);
    if (!before) return notFound;
    const { expectedVersion, name, description, instructions } = changes;
    if (expectedVersion !== undefined && expectedVersion !== before.version) return conflict;
    if (name !== undefined && world.hasAgent(before.appId, name, id)) return conflict;
    const agent = {
      name: name ?? before.name,
      description: description ?? before.description,
      instructions: instructions ?? before.instructions,
      version: before.version + 1,
    };
    world.agents.set(id, { appId: before.appId, ...agent });
    return { agent: { id, ...agent } };
  },
});

export const deleteAgent = (id: string, appId: string | undefined): MutationCall => ({
  field: "deleteAgent",
  input: { id },
  asks: "id",
  changes: id,
  isEnd: true,
  within: [appId],
  apply(world) {
    return world.agents.delete(id) ? { id } : notFound;
  },
});

const sessionFields = "session { id reference terminatedAt }";

export const createSession = (appId: string, reference: string | undefined): MutationCall => ({
  field: "createSession",
  input: { appId, reference },
  asks: sessionFields,
  claims: reference && `session ${appId} ${reference}`,
  within: [appId],
  apply(world, told) {
    if (!world.apps.has(appId)) return notFound;
    if (reference !== undefined && world.activeSession(appId, reference) !== undefined) return conflict;
    const session = { reference: reference ?? null, terminatedAt: null };
    const id = told.session?.id as string;
    world.sessions.set(id, { appId, ...session });
    return { session: { id, ...session } };
  },
});

/** By its id, or by what its app calls it. */
export const terminateSession = (
  target: { readonly id: string } | { readonly appId: string; readonly reference: string },
  within: readonly (string | undefined)[],
): MutationCall => ({
  field: "terminateSession",
  input: target,
  asks: sessionFields,
  changes: "id" in target ? target.id : `session ${target.appId} ${target.reference}`,
  isEnd: true,
  within,
  apply(world, told) {
    const id = "id" in target ? target.id : sessionBy(world, target.appId, target.reference);
    const before = id === undefined ? undefined : world.sessions.get(id);
    if (id === undefined || !before) return notFound;
    const terminatedAt = before.terminatedAt ?? (told.session?.terminatedAt as string);
    world.sessions.set(id, { ...before, terminatedAt });
    return { session: { id, reference: before.reference, terminatedAt } };
  },
});

/** The active one, or else the newest: ids grow. */
function sessionBy(world: World, appId: string, reference: string): string | undefined {
  const known = [...world.sessions].filter(([, each]) => each.appId === appId && each.reference === reference);
  return (
    world.activeSession(appId, reference) ??
    known
      .map(([id]) => id)
      .sort()
      .at(-1)
  );
}

/** Executes in the session of this reference, which is opened where there is none. */
export const executeAgent = (agentId: string, reference: string, appId: string | undefined): MutationCall => ({
  field: "executeAgent",
  input: { agentId, session: { reference }, text: "Hello", waitMs: 0 },
  asks: "sessionCreated session { id }",
  claims: `session ${appId ?? ""} ${reference}`,
  within: [agentId, appId, `session ${appId ?? ""} ${reference}`],
  apply(world, told) {
    const agent = world.agents.get(agentId);
    if (!agent) return notFound;
    const active = world.activeSession(agent.appId, reference);
    const id = active ?? (told.session?.id as string);
    if (active === undefined) world.sessions.set(id, { appId: agent.appId, reference, terminatedAt: null });
    return { sessionCreated: active === undefined, session: { id } };
  },
});
