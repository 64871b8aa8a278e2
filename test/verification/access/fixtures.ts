import type { Client, TestCredential } from "../../support/client";
import type { TestProcess } from "../../support/process";
import type { Receiver } from "../../support/receiver";
import { eventually } from "../../support/runs";
import type { TestApp } from "../../support/test-app";
import type { Holder, Holdings } from "./fields";
import { type Credential, scopes, type AccessCase } from "./case";

/** Who sends in the trials, and whose things they ask for. */
export interface Fixtures {
  readonly victim: Holdings;
  credentialOf(trial: AccessCase): TestCredential;
  /** Whose key it is; nobody's where the credential is none of this server. */
  holderOf(trial: AccessCase): Holder | undefined;
}

/** Makes two apps that have one of everything, and keys of every scope in both. All else rests once this is done. */
export async function createFixtures(server: TestProcess, receiver: Receiver): Promise<Fixtures> {
  const [app, otherApp] = await Promise.all([server.newApp(), server.newApp()]);
  const [victim, otherHoldings] = await Promise.all([furnish(app, receiver), furnish(otherApp, receiver)]);
  const ofScopes = await keysOfScopes(app, 2);
  const ofOtherScopes = await keysOfScopes(otherApp, 1);
  const holdersBy = (keys: readonly NewKey[][], holdings: Holdings, which: number): Holder[] =>
    scopes.map((permissions, i) => ({ secret: keys[i]?.[which]?.secret ?? "", permissions, holdings }));
  const holders: Partial<Record<Credential, Holder[]>> = {
    valid: holdersBy(ofScopes, victim, 0),
    revoked: holdersBy(ofScopes, victim, 1),
    "other app's": holdersBy(ofOtherScopes, otherHoldings, 0),
  };
  const ids = ofScopes.map(([, revoked]) => ({ id: revoked?.apiKey.id }));
  await mutateAll(server.admin, "revokeApiKey", "RevokeApiKeyInput", "apiKey { id }", ids);

  const secrets: Partial<Record<Credential, string>> = {
    unknown: await forgotten(server),
    malformed: mistyped((await app.key()).secret),
  };
  const holderOf = ({ credential, scope }: AccessCase) => holders[credential]?.[scope];
  return {
    victim,
    holderOf,
    credentialOf(trial) {
      const secret = holderOf(trial)?.secret ?? secrets[trial.credential];
      return secret === undefined ? undefined : ["x-api-key", secret];
    },
  };
}

/** Gives an app one of everything, and waits until nothing of it is being worked on. */
async function furnish(app: TestApp, receiver: Receiver): Promise<Holdings> {
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

/** So many keys of each scope that there can be. */
async function keysOfScopes({ id: appId, server: { admin } }: TestApp, count: number): Promise<NewKey[][]> {
  const inputs = scopes.map((permissions, i) => ({ appId, name: `scope ${i}`, permissions }));
  const made = await mutateAll(admin, "createScope", "CreateScopeInput", "scope { id }", inputs);
  const names = Array.from({ length: count }, (_, i) => `key ${i}`);
  const ofKeys = made.flatMap(({ scope }) => names.map((name) => ({ scopeId: scope.id as string, name })));
  const keys = await mutateAll(admin, "createApiKey", "CreateApiKeyInput", "secret apiKey { id }", ofKeys);
  return scopes.map((_, i) => keys.slice(i * count, (i + 1) * count) as NewKey[]);
}

/** Sends a mutation with each of the inputs, many in a request. */
async function mutateAll(admin: Client, field: string, type: string, asks: string, inputs: readonly object[]) {
  const perRequest = 30;
  const payloads: any[] = [];
  for (let from = 0; from < inputs.length; from += perRequest) {
    const some = inputs.slice(from, from + perRequest);
    const fields = some.map((_, i) => `m${i}: ${field}(input: $i${i}) { ${asks} }`);
    const declared = some.map((_, i) => `$i${i}: ${type}!`);
    const variables = Object.fromEntries(some.map((input, i) => [`i${i}`, input]));
    const data = await admin.data(`mutation (${declared.join(", ")}) { ${fields.join(" ")} }`, variables);
    payloads.push(...some.map((_, i) => data[`m${i}`]));
  }
  return payloads;
}

/** A secret that is well-formed, and of a key that there was once. */
async function forgotten(server: TestProcess): Promise<string> {
  const app = await server.newApp();
  const { secret } = await app.key();
  await server.admin.data(`mutation ($id: ID!) { deleteApp(input: { id: $id }) { id } }`, { id: app.id });
  return secret;
}

const mistyped = (secret: string): string => secret.slice(0, -1) + (secret.endsWith("a") ? "b" : "a");
