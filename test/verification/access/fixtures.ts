import { grantedByRole } from "../../support/access-table";
import { administratorWith } from "../../support/administrators";
import { ConsoleBrowser } from "../../support/console";
import type { TestProcess } from "../../support/process";
import type { Receiver } from "../../support/receiver";
import { eventually } from "../../support/runs";
import type { TestApp } from "../../support/test-app";
import { type AccessCase, administratorRoles, type Credential, isAtConsole, scopes } from "./case";
import { createConfinedHolders } from "./confined-fixtures";
import { createScopesWithKeys, mutateAll } from "./creation";
import type { Presented } from "./driver";
import type { Holder, Resources } from "./fields";

export interface Fixtures {
  /** The objects that the operation names. */
  victimOf(accessCase: AccessCase): Resources;
  credentialOf(accessCase: AccessCase): Presented;
  /** @returns undefined if the credential is no key of this server */
  holderOf(accessCase: AccessCase): Holder | undefined;
}

/** The objects that the scope of a key reaches if it is not confined, and those that its lists show. */
const everythingOf = ({ agent, session }: Resources): Pick<Holder, "reach" | "listed"> => ({
  reach: { sessions: "APP", agentAccess: "ALL", agentIds: [] },
  listed: { agents: [agent], sessions: [session] },
});

/** Creates three apps with one object of each kind and keys of every scope. No background work is left when it resolves. */
export async function createFixtures(server: TestProcess, receiver: Receiver): Promise<Fixtures> {
  const [app, otherApp, confinedApp] = await Promise.all([server.newApp(), server.newApp(), server.newApp()]);
  const [victim, otherResources, confinedResources] = await Promise.all([
    createResources(app, receiver),
    createResources(otherApp, receiver),
    createResources(confinedApp, receiver),
  ]);
  const created = await createScopesWithKeys(app, scopeInputs, [{}, {}]);
  const createdElsewhere = await createScopesWithKeys(otherApp, scopeInputs, [{}]);
  const holdersOf = (made: typeof created, resources: Resources, index: number): Holder[] =>
    scopes.map((permissions, i) => ({
      secret: made[i]?.keys[index]?.secret ?? "",
      permissions,
      resources,
      ...everythingOf(resources),
    }));
  const administrators = await administratorsOf(server, app.id, victim);
  const cookieOf = async (secret: string) => (await ConsoleBrowser.signedIn(server.url, secret)).cookie ?? "";
  const cookies = await Promise.all(administrators.map(({ secret }) => cookieOf(secret)));
  const rootCookie = await cookieOf(server.adminKey);
  const holders: Partial<Record<Credential, Holder[]>> = {
    valid: holdersOf(created, victim, 0),
    revoked: holdersOf(created, victim, 1),
    "other app": holdersOf(createdElsewhere, otherResources, 0),
    confined: await createConfinedHolders(confinedApp, confinedResources),
    administrator: administrators,
    "console session": administrators.map((holder, i) => ({ ...holder, secret: cookies[i] ?? "" })),
  };
  const ids = created.map(({ keys: [, revoked] }) => ({ id: revoked?.apiKey.id }));
  await mutateAll(server.admin, "revokeApiKey", "RevokeApiKeyInput", "apiKey { id }", ids);

  const secrets: Partial<Record<Credential, string>> = {
    "console session at the API": rootCookie,
    "console session from another page": rootCookie,
    unknown: await secretOfDeletedKey(server),
    malformed: corrupted((await app.key()).secret),
  };
  const holderOf = ({ credential, scope }: AccessCase) => holders[credential]?.[scope];
  return {
    victimOf: (accessCase) =>
      accessCase.credential === "confined" ? (holderOf(accessCase)?.resources ?? victim) : victim,
    holderOf,
    credentialOf(accessCase) {
      const { credential } = accessCase;
      const secret = holderOf(accessCase)?.secret ?? secrets[credential];
      if (secret === undefined) return { header: undefined };
      if (credential === "administrator") return { header: ["authorization", `Bearer ${secret}`] };
      if (!credential.startsWith("console session")) return { header: ["x-api-key", secret] };
      const fromPage = credential === "console session" ? "same-origin" : "cross-site";
      return { header: ["cookie", secret], ...(isAtConsole(credential) && { fromPage }) };
    },
  };
}

const scopeInputs = scopes.map((permissions) => ({ permissions }));

/** One administrator of each role. */
const administratorsOf = (server: TestProcess, appId: string, resources: Resources): Promise<Holder[]> =>
  Promise.all(
    administratorRoles.map(async (role) => {
      const { secret } = await administratorWith(server, role, appId);
      return { secret, permissions: grantedByRole[role], role, resources, ...everythingOf(resources) };
    }),
  );

/** Creates one object of each kind, and waits until the document is processed and the callback is delivered. */
async function createResources(app: TestApp, receiver: Receiver): Promise<Resources> {
  const { admin } = app.server;
  const { keyId: apiKey, scopeId: scope } = await app.key();
  const [agent, session] = [await app.agent(), await app.session()];
  const modelConnection = await app.modelConnection("https://models.example.com/v1");
  const toolServer = await app.toolServer("https://tools.example.com/mcp");
  await admin.data(`mutation ($id: ID!) { replaceCallbackSecret(input: { appId: $id }) { secret } }`, { id: app.id });
  const callbackUrl = receiver.url("/");
  const { id: run } = await app.run({ agentId: agent, session: { id: session }, callbackUrl });
  const document = await app.document(session);

  let delivery: { id: string; status: string } | undefined;
  await eventually(async () => {
    const { callbackDeliveries, session: found } = await admin.data(
      `query ($run: ID!, $session: ID!) {
        callbackDeliveries(runId: $run) { nodes { id status } }
        session(id: $session) { documents { status } }
      }`,
      { run, session },
    );
    delivery = callbackDeliveries.nodes[0];
    return delivery?.status === "DELIVERED" && found.documents[0]?.status === "READY";
  });
  const callbackDelivery = delivery?.id ?? "";
  return { app: app.id, scope, apiKey, agent, session, document, run, modelConnection, toolServer, callbackDelivery };
}

/** A well-formed secret whose key no longer exists. */
async function secretOfDeletedKey(server: TestProcess): Promise<string> {
  const app = await server.newApp();
  const { secret } = await app.key();
  await server.admin.data(`mutation ($id: ID!) { deleteApp(input: { id: $id }) { id } }`, { id: app.id });
  return secret;
}

const corrupted = (secret: string): string => secret.slice(0, -1) + (secret.endsWith("a") ? "b" : "a");
