import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { callbackSecretPlace } from "../../../src/domain/callback/callback-secret.entity";
import { apiKeyPlace } from "../../../src/domain/model-connection/model-connection.entity";
import { headersPlace } from "../../../src/domain/tool-server/tool-server.entity";
import { Keyring, type SecretPlace } from "../../../src/platform/secrets/keyring";
import { sha256Of } from "./writer-client";
import type { KnownApp } from "./ledger";
import type { StorageInspector } from "./storage-inspector";
import type { Row } from "./sqlite-rows";

/** Each violation, and the statement that finds the rows that violate the invariant. */
const invariants: readonly (readonly [violation: string, statement: string])[] = [
  ["a run that has not finished", `SELECT id FROM run WHERE status IN ('QUEUED', 'RUNNING') OR finishedAt IS NULL`],
  [
    "a run that does not have exactly one user message",
    `SELECT run.id FROM run LEFT JOIN message
       ON message.sessionId = run.sessionId AND message.runId = run.id AND message.role = 'USER'
     GROUP BY run.id HAVING COUNT(message.id) <> 1`,
  ],
  [
    "a run that succeeded without exactly one agent message, or did not succeed and has one",
    `SELECT run.id FROM run LEFT JOIN message
       ON message.sessionId = run.sessionId AND message.runId = run.id AND message.role = 'AGENT'
     GROUP BY run.id, run.status
     HAVING COUNT(message.id) <> CASE WHEN run.status = 'SUCCEEDED' THEN 1 ELSE 0 END`,
  ],
  [
    "a message without its run",
    `SELECT message.id FROM message LEFT JOIN run ON run.id = message.runId WHERE run.id IS NULL`,
  ],
  [
    "a run whose events have a gap, or that does not have exactly one FINISHED event as its last",
    `SELECT run.id FROM run LEFT JOIN run_event ON run_event.runId = run.id
     GROUP BY run.id, run.eventCount
     HAVING COUNT(run_event.runId) <> run.eventCount OR MAX(run_event.position) <> run.eventCount - 1
       OR SUM(run_event.type = 'FINISHED') <> 1
       OR MAX(CASE WHEN run_event.type = 'FINISHED' THEN run_event.position END) <> run.eventCount - 1`,
  ],
  ["an idempotency key without its run", `SELECT createdAt FROM idempotency_key WHERE runId = ''`],
  [
    "a callback that failed, or that waits for a run that has finished",
    `SELECT callback_delivery.id FROM callback_delivery JOIN run ON run.id = callback_delivery.runId
     WHERE callback_delivery.status = 'FAILED'
       OR (callback_delivery.status = 'WAITING' AND run.finishedAt IS NOT NULL)`,
  ],
  ["an app whose deletion is incomplete", `SELECT id FROM app WHERE deletedAt IS NOT NULL`],
  [
    "a session whose termination is incomplete",
    `SELECT id FROM session WHERE (status = 'TERMINATED') <> (terminatedAt IS NOT NULL)
     UNION SELECT session.id FROM session JOIN document ON document.sessionId = session.id
     WHERE session.status = 'TERMINATED'`,
  ],
  [
    "an active key of a deleted scope",
    `SELECT api_key.id FROM api_key JOIN scope ON scope.id = api_key.scopeId
     WHERE api_key.revokedAt IS NULL AND scope.deletedAt IS NOT NULL`,
  ],
  [
    "an agent whose model connection does not exist",
    `SELECT agent.id FROM agent LEFT JOIN model_connection
       ON model_connection.appId = agent.appId
         AND model_connection.name = SUBSTR(agent.model, 1, INSTR(agent.model, '/') - 1)
     WHERE agent.model LIKE '%/%' AND model_connection.id IS NULL`,
  ],
  ["a document that has not been processed", `SELECT id FROM document WHERE status = 'PROCESSING'`],
  [
    "an app with too many callback secrets, or without exactly one current one",
    `SELECT appId FROM callback_secret GROUP BY appId HAVING COUNT(*) > 2 OR SUM(replacedAt IS NULL) <> 1`,
  ],
];

const sqliteInvariants: typeof invariants = [
  ["database corruption", `SELECT integrity_check AS id FROM pragma_integrity_check WHERE integrity_check <> 'ok'`],
  ["a row that violates a foreign key", `SELECT "table" AS id FROM pragma_foreign_key_check`],
];

export async function* findInvariantViolations(storage: StorageInspector, isSqlite: boolean): AsyncGenerator<string> {
  const all = isSqlite ? [...invariants, ...sqliteInvariants] : invariants;
  const results = await storage.rows(all.map(([, statement]) => statement));
  for (const [i, [violation]] of all.entries()) {
    for (const row of results[i] ?? []) yield `there is ${violation}: ${String(Object.values(row)[0])}`;
  }
}

/** Whether no background work is left, which violates invariants until it is done. */
export async function isSettled(storage: StorageInspector): Promise<boolean> {
  const [pending = []] = await storage.rows([
    `SELECT id FROM run WHERE status IN ('QUEUED', 'RUNNING')
     UNION SELECT id FROM document WHERE status = 'PROCESSING'
     UNION SELECT id FROM app WHERE deletedAt IS NOT NULL
     UNION SELECT id FROM callback_delivery WHERE status IN ('WAITING', 'PENDING')`,
  ]);
  return pending.length === 0;
}

/** Documents without their content, and stored content without its document. Call it after the store was swept. */
export async function* findDocumentViolations(storage: StorageInspector): AsyncGenerator<string> {
  const [rows = []] = await storage.rows([`SELECT id, sha256, status FROM document`]);
  const names = new Set(await readdir(storage.documentsDir));
  for (const { id, sha256, status } of rows as { id: string; sha256: string; status: string }[]) {
    if (!names.delete(id)) yield `the content of the document ${id} is missing`;
    else if (sha256Of(await readFile(join(storage.documentsDir, id))) !== sha256) {
      yield `the content of the document ${id} has a wrong digest`;
    }
    // A document that failed, because the disk was full, has no index.
    if (!names.delete(`${id}.index`) && status === "READY") yield `the document ${id} has no index`;
  }
  for (const name of names) yield `stored content belongs to no document: ${name}`;
}

/** Encrypted secrets that differ from the ones that were set last. */
export async function* findSecretViolations(
  storage: StorageInspector,
  secretsKey: Buffer,
  apps: readonly KnownApp[],
): AsyncGenerator<string> {
  const keyring = new Keyring(secretsKey);
  const [connections = [], secrets = [], toolServers = []] = await storage.rows([
    `SELECT id, appId, provider, baseUrl, apiKey AS secret FROM model_connection`,
    `SELECT id, appId, secret FROM callback_secret WHERE replacedAt IS NULL`,
    `SELECT id, appId, url, headers AS secret FROM tool_server`,
  ]);
  const apiKeys = new Map(connections.map((row) => [row["id"], decrypt(keyring, row, apiKeyPlace)]));
  const callbackSecrets = new Map(secrets.map((row) => [row["appId"], decrypt(keyring, row, callbackSecretPlace)]));
  const headers = new Map(toolServers.map((row) => [row["id"], decrypt(keyring, row, headersPlace)]));
  for (const app of apps.filter(({ isDeleted }) => !isDeleted)) {
    for (const { id, headerValue } of app.toolServers) {
      if (!headers.get(id)?.includes(headerValue))
        yield `the header of the tool server ${id} is not the one that was set last`;
    }
    for (const { id, apiKey } of app.connections) {
      if (apiKeys.get(id) !== apiKey)
        yield `the API key of the model connection ${id} is not the one that was set last`;
    }
    if (callbackSecrets.get(app.id) !== app.callbackSecret) {
      yield `the callback secret of the app ${app.id} is not the one that was returned last`;
    }
  }
}

function decrypt(keyring: Keyring, row: Row, placeOf: (row: never) => SecretPlace): string {
  return keyring.open(String(row["secret"]), placeOf(row as never));
}
