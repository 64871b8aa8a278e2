import { Client } from "../../support/client";
import type { TestApp } from "../../support/test-app";
import { confinedScopes as scopes } from "./case";
import { type Confinement, confinementOf, findsOwn, networksOf } from "./confinement";
import { createScopesWithKeys, mutateAll } from "./creation";
import type { Holder, Resources } from "./fields";

const executeAgent = `mutation ($input: ExecuteAgentInput!) {
  executeAgent(input: $input) { run { id status } session { id } }
}`;

/** A scope that is to be confined, its key, and what operations with it name. */
interface Confined {
  readonly scopeId: string;
  readonly keyId: string;
  readonly secret: string;
  readonly confinement: Confinement;
  readonly permissions: (typeof scopes)[number];
  readonly resources: Resources;
}

/** Creates a key of every scope in an app, each confined in its own way. @param shared what operations name */
export async function createConfinedHolders(app: TestApp, shared: Resources): Promise<Holder[]> {
  const { admin } = app.server;
  const otherAgent = await app.agent();
  const runner = { permissions: { runtime: ["RUN"] } };
  // A scope opens its session before it is confined, which it may not be permitted to do then.
  const created = await createScopesWithKeys(app, Array<object>(scopes.length).fill(runner), [{}]);
  const all: Confined[] = [];
  for (const [i, permissions] of scopes.entries()) {
    const { id: scopeId = "", keys: [key] = [] } = created[i] ?? {};
    if (!key) throw new Error("A scope has no key");
    const confinement = confinementOf(i);
    const opened = confinement.opensSession ? await openSession(app, key.secret, shared.agent) : {};
    const resources = { ...shared, ...opened };
    all.push({ scopeId, keyId: key.apiKey.id, secret: key.secret, confinement, permissions, resources });
  }
  const scopeInputs = all.map(({ scopeId: id, confinement, permissions, resources }) => ({
    id,
    permissions: { ...permissions, ...reachOf(confinement, resources, otherAgent) },
    allowedAddresses: networksOf[confinement.scopeAddresses],
  }));
  await mutateAll(admin, "updateScope", "UpdateScopeInput", "scope { id }", scopeInputs);
  const keyInputs = all.map(({ keyId: id, confinement }) => ({
    id,
    allowedAddresses: networksOf[confinement.keyAddresses],
  }));
  await mutateAll(admin, "updateApiKey", "UpdateApiKeyInput", "apiKey { id }", keyInputs);

  const sessions = [...new Set([shared.session, ...all.map(({ resources }) => resources.session)])].sort().reverse();
  return all.map(({ secret, confinement, permissions, resources }) => {
    const reach = reachOf(confinement, resources, otherAgent);
    const own = findsOwn(confinement, "session") ? [resources.session] : [];
    const agents = confinement.agents === "ALL" ? [shared.agent, otherAgent] : reach.agentIds;
    const listed = { agents, sessions: confinement.sessions === "APP" ? sessions : own };
    return { secret, permissions, confinement, resources, reach, listed };
  });
}

function reachOf({ sessions, agents }: Confinement, { agent }: Resources, otherAgent: string): Holder["reach"] {
  if (agents === "ALL") return { sessions, agentAccess: "ALL", agentIds: [] };
  return { sessions, agentAccess: "SELECTED", agentIds: { named: [agent], other: [otherAgent], none: [] }[agents] };
}

/** Executes an agent without documents, in a session that it opens. */
async function openSession(app: TestApp, secret: string, agentId: string) {
  const key = new Client(app.server.url, ["x-api-key", secret]);
  const input = { agentId, text: "What colour is the barn?", waitMs: 60_000 };
  const { run, session } = (await key.data(executeAgent, { input })).executeAgent;
  if (run.status !== "SUCCEEDED") throw new Error(`The run of a scope has the status ${run.status}`);
  return { session: session.id as string, run: run.id as string };
}
