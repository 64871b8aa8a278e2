import type { Client, TestCredential } from "../../support/client";
import type { TestProcess } from "../../support/process";
import type { Receiver } from "../../support/receiver";
import { eventually } from "../../support/runs";
import type { TestApp } from "../../support/test-app";
import { type AccessCase, type Credential, scopes } from "./case";
import type { Holder, Resources } from "./fields";

export interface Fixtures {
  /** The objects that the operations name. */
  readonly victim: Resources;
  credentialOf(accessCase: AccessCase): TestCredential;
  /** @returns undefined if the credential is no key of this server */
  holderOf(accessCase: AccessCase): Holder | undefined;
}

/** Creates two apps with one object of each kind and keys of every scope. No background work is left when it resolves. */
export async function createFixtures(server: TestProcess, receiver: Receiver): Promise<Fixtures> {
  const [app, otherApp] = await Promise.all([server.newApp(), server.newApp()]);
  const [victim, otherResources] = await Promise.all([
    createResources(app, receiver),
    createResources(otherApp, receiver),
  ]);
  const keys = await createKeys(app, 2);
  const otherKeys = await createKeys(otherApp, 1);
  const holdersOf = (keysByScope: readonly NewKey[][], resources: Resources, index: number): Holder[] =>
    scopes.map((permissions, i) => ({ secret: keysByScope[i]?.[index]?.secret ?? "", permissions, resources }));
  const holders: Partial<Record<Credential, Holder[]>> = {
    valid: holdersOf(keys, victim, 0),
    revoked: holdersOf(keys, victim, 1),
    "other app": holdersOf(otherKeys, otherResources, 0),
  };
  const ids = keys.map(([, revoked]) => ({ id: revoked?.apiKey.id }));
  await mutateAll(server.admin, "revokeApiKey", "RevokeApiKeyInput", "apiKey { id }", ids);

  const secrets: Partial<Record<Credential, string>> = {
    unknown: await secretOfDeletedKey(server),
    malformed: corrupted((await app.key()).secret),
  };
  const holderOf = ({ credential, scope }: AccessCase) => holders[credential]?.[scope];
  return {
    victim,
    holderOf,
    credentialOf(accessCase) {
      const secret = holderOf(accessCase)?.secret ?? secrets[accessCase.credential];
      return secret === undefined ? undefined : ["x-api-key", secret];
    },
  };
}

/** Creates one object of each kind, and waits until the document is processed and the callback is delivered. */
async function createResources(app: TestApp, receiver: Receiver): Promise<Resources> {
  const { admin } = app.server;
  const { keyId: apiKey, scopeId: scope } = await app.key();
  const [agent, session] = [await app.agent(), await app.session()];
  const modelConnection = await app.modelConnection("https://models.example.com/v1");
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
  return { app: app.id, scope, apiKey, agent, session, document, run, modelConnection, callbackDelivery };
}

interface NewKey {
  readonly secret: string;
  readonly apiKey: { readonly id: string };
}

/** Creates `count` keys of each possible scope. */
async function createKeys({ id: appId, server: { admin } }: TestApp, count: number): Promise<NewKey[][]> {
  const inputs = scopes.map((permissions, i) => ({ appId, name: `scope ${i}`, permissions }));
  const created = await mutateAll(admin, "createScope", "CreateScopeInput", "scope { id }", inputs);
  const names = Array.from({ length: count }, (_, i) => `key ${i}`);
  const keyInputs = created.flatMap(({ scope }) => names.map((name) => ({ scopeId: scope.id as string, name })));
  const keys = await mutateAll(admin, "createApiKey", "CreateApiKeyInput", "secret apiKey { id }", keyInputs);
  return scopes.map((_, i) => keys.slice(i * count, (i + 1) * count) as NewKey[]);
}

/** Executes a mutation for each input, in batches of one request. */
async function mutateAll(admin: Client, field: string, type: string, selection: string, inputs: readonly object[]) {
  const batchSize = 30;
  const payloads: any[] = [];
  for (let from = 0; from < inputs.length; from += batchSize) {
    const batch = inputs.slice(from, from + batchSize);
    const fields = batch.map((_, i) => `m${i}: ${field}(input: $i${i}) { ${selection} }`);
    const declared = batch.map((_, i) => `$i${i}: ${type}!`);
    const variables = Object.fromEntries(batch.map((input, i) => [`i${i}`, input]));
    const data = await admin.data(`mutation (${declared.join(", ")}) { ${fields.join(" ")} }`, variables);
    payloads.push(...batch.map((_, i) => data[`m${i}`]));
  }
  return payloads;
}

/** A well-formed secret whose key no longer exists. */
async function secretOfDeletedKey(server: TestProcess): Promise<string> {
  const app = await server.newApp();
  const { secret } = await app.key();
  await server.admin.data(`mutation ($id: ID!) { deleteApp(input: { id: $id }) { id } }`, { id: app.id });
  return secret;
}

const corrupted = (secret: string): string => secret.slice(0, -1) + (secret.endsWith("a") ? "b" : "a");
