import { randomUUID } from "node:crypto";
import type { Client } from "./client";
import { eventually } from "./runs";
import type { TestServer } from "./server";
import type { KeyHolder, TestApp } from "./test-app";

/** An app with a callback secret, and a key and an agent of the test model. */
export interface Sender {
  readonly app: TestApp;
  readonly appId: string;
  readonly key: KeyHolder;
  readonly agentId: string;
  readonly secret: string;
  /** A path of the receiver that no other sender uses. */
  readonly path: string;
}

export async function newSender(server: TestServer): Promise<Sender> {
  const app = await server.newApp();
  const secret = await replaceSecret(server.admin, app.id);
  const [key, agentId] = [await app.key(), await app.agent({ model: "test:model" })];
  return { app, appId: app.id, key, agentId, secret, path: `/${randomUUID()}` };
}

const deliveryFields = `id runId status createdAt nextAttemptAt attempts { at httpStatus error durationMs }`;

export async function replaceSecret(admin: Client, appId: string): Promise<string> {
  const { replaceCallbackSecret } = await admin.data(
    `mutation ($appId: ID!) { replaceCallbackSecret(input: { appId: $appId }) { secret app { id } } }`,
    { appId },
  );
  return replaceCallbackSecret.secret as string;
}

/** The only delivery of a run. */
export async function deliveryOf(client: Client, runId: string): Promise<any> {
  const { callbackDeliveries } = await client.data(
    `query ($runId: ID!) { callbackDeliveries(runId: $runId) { totalCount nodes { ${deliveryFields} } } }`,
    { runId },
  );
  expect(callbackDeliveries.totalCount).toBe(1);
  return callbackDeliveries.nodes[0];
}

/** Waits until the delivery of a run has had this many attempts. */
export async function attempted(client: Client, runId: string, attempts = 1): Promise<any> {
  let delivery = await deliveryOf(client, runId);
  await eventually(async () => (delivery = await deliveryOf(client, runId)).attempts.length >= attempts);
  return delivery;
}

export const redeliverCallback = `mutation ($id: ID!) {
  redeliverCallback(input: { id: $id }) { callbackDelivery { ${deliveryFields} } }
}`;

/** Makes the next attempt due immediately. */
export const dueNow = (server: Pick<TestServer, "sql">, id: string) =>
  server.sql(`UPDATE callback_delivery SET dueAt = '2020-01-01 00:00:00.000' WHERE id = '${id}' AND claimedAt IS NULL`);
