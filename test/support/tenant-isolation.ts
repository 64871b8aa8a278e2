import { randomUUID } from "node:crypto";
import { attempted, replaceSecret } from "./callbacks";
import type { Client, GraphQLAnswer } from "./client";
import type { Holdings, Row } from "./cross-tenant-arguments";
import type { Receiver } from "./receiver";
import type { TestServer } from "./server";
import type { KeyHolder, TestApp } from "./test-app";

/** Creates the objects of the caller's own app that queries for foreign objects need. */
export const createOwn = async (app: TestApp) => ({
  app: app.id,
  agent: await app.agent(),
  otherAgent: await app.agent(),
  session: await app.session(),
});

/** Creates one object of each kind in the foreign app. */
export async function createForeign(
  server: TestServer,
  receiver: Receiver,
  app: TestApp,
  holder: KeyHolder,
): Promise<Holdings> {
  const texts = {
    agentName: randomUUID(),
    reference: randomUUID(),
    userReference: randomUUID(),
    idempotencyKey: randomUUID(),
  };
  const { agentName, idempotencyKey, ...references } = texts;
  const agent = await app.agent({ name: agentName });
  const session = await app.session(references);
  const document = await app.document(session);
  const modelConnection = await app.modelConnection("https://models.example.com/v1");
  const toolServerName = randomUUID();
  const toolServer = await app.toolServer("http://127.0.0.1:1/mcp", { name: toolServerName });
  const callbackUrl = receiver.url("/");
  await replaceSecret(server.admin, app.id);
  const { executeAgent } = await holder.data(
    `mutation ($input: ExecuteAgentInput!) { executeAgent(input: $input) { run { id } } }`,
    { input: { agentId: agent, session: { id: session }, text: "Hello", idempotencyKey, callbackUrl } },
  );
  const run = executeAgent.run.id as string;
  const { id: callbackDelivery } = await attempted(holder, run);
  const made = {
    agent,
    session,
    document,
    modelConnection,
    toolServer,
    toolServerName,
    run,
    callbackDelivery: callbackDelivery as string,
  };
  return { app: app.id, scope: holder.scopeId, apiKey: holder.keyId, ...made, ...texts };
}

/** Everything in an app, as an administrator sees it, except `lastUsedAt` of keys, which is written later. */
export const everythingOf = (server: TestServer, app: string) =>
  server.admin.data(
    `query ($app: ID!) {
      app(id: $app) { name description callbackSecretCreatedAt }
      callbackDeliveries(appId: $app) { nodes { id status attempts { at } } }
      scopes(appId: $app) { nodes { name permissions { agents runtime } updatedAt apiKeys { nodes { name status } } } }
      toolServers(appId: $app) { nodes { id name url headerNames updatedAt } }
      agents(appId: $app) { nodes { id name description instructions model version updatedAt } }
      sessions(appId: $app) {
        nodes {
          id reference userReference metadata status lastActivityAt terminatedAt
          messages { nodes { role text } }
          runs { nodes { id status input output finishedAt } }
          documents { id filename sha256 size status }
        }
      }
    }`,
    { app },
  );

/** Verifies that the responses for a foreign and an unknown id or name are identical, and returns the response. */
export async function askTwice(
  ask: (it: string) => Promise<{ status: number; text: string }>,
  it: string,
): Promise<string> {
  const [ofForeign, ofUnknown] = [await ask(it), await ask(randomUUID())];
  expect([ofForeign.status, ofForeign.text]).toEqual([ofUnknown.status, ofUnknown.text]);
  return ofForeign.text;
}

/** @returns asks for a field, with an argument that names an object of another app */
export function askWith(
  client: Client,
  own: Awaited<ReturnType<typeof createOwn>>,
  kind: string,
  [, names, field]: Row,
) {
  const used = Object.keys(own).filter((name) => new RegExp(`\\$${name}\\b`).test(field));
  const type = ["agentName", "toolServerName", "reference", "userReference", "idempotencyKey"].includes(names)
    ? "String!"
    : "ID!";
  const declared = [`$it: ${type}`, ...used.map((name) => `$${name}: ID!`)].join(", ");
  return (it: string) => client.send(`${kind} (${declared}) { ${field} }`, { ...own, it });
}

/** Verifies how a field answers a caller who names an object of another app. */
export async function verifyAnswer(
  client: Client,
  own: Awaited<ReturnType<typeof createOwn>>,
  foreign: Holdings,
  kind: string,
  row: Row,
): Promise<void> {
  const [, names, , answer] = row;
  const text = await askTwice(askWith(client, own, kind, row), foreign[names]);
  const { data, errors } = JSON.parse(text) as GraphQLAnswer;
  const code = errors?.[0]?.extensions.code;
  if (answer === "null") expect([code, ...Object.values(data)]).toEqual([undefined, null]);
  else if (answer === "as if unused") expect([code, data]).toEqual([undefined, expect.any(Object)]);
  else expect(code).toBe(answer);
}
