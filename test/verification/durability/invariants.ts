import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { callbackSecretPlace } from "../../../src/domain/callback/callback-secret.entity";
import { apiKeyPlace } from "../../../src/domain/model-connection/model-connection.entity";
import { Keyring } from "../../../src/platform/secrets/keyring";
import { digestOf } from "./writer-client";
import type { KnownApp } from "./ledger";
import type { StorageInspector } from "./storage-inspector";
import type { Row } from "./sqlite-rows";

/** What must not be, and the statement that finds it. */
const invariants: readonly (readonly [what: string, statement: string])[] = [
  ["a run that is not finished", `SELECT id FROM run WHERE status IN ('QUEUED', 'RUNNING') OR finishedAt IS NULL`],
  [
    "a run without what the user said, or with it twice",
    `SELECT run.id FROM run LEFT JOIN message
       ON message.sessionId = run.sessionId AND message.runId = run.id AND message.role = 'USER'
     GROUP BY run.id HAVING COUNT(message.id) <> 1`,
  ],
  [
    "a run whose answer is not there once, as it succeeded, or is though it did not",
    `SELECT run.id FROM run LEFT JOIN message
       ON message.sessionId = run.sessionId AND message.runId = run.id AND message.role = 'AGENT'
     GROUP BY run.id, run.status
     HAVING COUNT(message.id) <> CASE WHEN run.status = 'SUCCEEDED' THEN 1 ELSE 0 END`,
  ],
  [
    "a message of no run",
    `SELECT message.id FROM message LEFT JOIN run ON run.id = message.runId WHERE run.id IS NULL`,
  ],
  [
    "a run whose events have a gap, or do not end with its end, once",
    `SELECT run.id FROM run LEFT JOIN run_event ON run_event.runId = run.id
     GROUP BY run.id, run.eventCount
     HAVING COUNT(run_event.runId) <> run.eventCount OR MAX(run_event.position) <> run.eventCount - 1
       OR SUM(run_event.type = 'FINISHED') <> 1
       OR MAX(CASE WHEN run_event.type = 'FINISHED' THEN run_event.position END) <> run.eventCount - 1`,
  ],
  ["an idempotency key without its run", `SELECT createdAt FROM idempotency_key WHERE runId = ''`],
  [
    "a callback that waits for the end of a run that has ended, or was given up",
    `SELECT callback_delivery.id FROM callback_delivery JOIN run ON run.id = callback_delivery.runId
     WHERE callback_delivery.status = 'FAILED'
       OR (callback_delivery.status = 'WAITING' AND run.finishedAt IS NOT NULL)`,
  ],
  ["an app whose deletion was left off", `SELECT id FROM app WHERE deletedAt IS NOT NULL`],
  [
    "a session that is terminated by half",
    `SELECT id FROM session WHERE (status = 'TERMINATED') <> (terminatedAt IS NOT NULL)
     UNION SELECT session.id FROM session JOIN document ON document.sessionId = session.id
     WHERE session.status = 'TERMINATED'`,
  ],
  [
    "an active key of a scope that was deleted",
    `SELECT api_key.id FROM api_key JOIN scope ON scope.id = api_key.scopeId
     WHERE api_key.revokedAt IS NULL AND scope.deletedAt IS NOT NULL`,
  ],
  [
    "an agent whose model connection is not there",
    `SELECT agent.id FROM agent LEFT JOIN model_connection
       ON model_connection.appId = agent.appId
         AND model_connection.name = SUBSTR(agent.model, 1, INSTR(agent.model, '/') - 1)
     WHERE agent.model LIKE '%/%' AND model_connection.id IS NULL`,
  ],
  ["a document that is still to be read", `SELECT id FROM document WHERE status = 'PROCESSING'`],
  [
    "secrets of callbacks too many",
    `SELECT appId FROM callback_secret GROUP BY appId HAVING COUNT(*) > 2 OR SUM(replacedAt IS NULL) <> 1`,
  ],
];

const sqliteHalves: typeof invariants = [
  ["damage to the database", `SELECT integrity_check AS id FROM pragma_integrity_check WHERE integrity_check <> 'ok'`],
  ["a row that points at none", `SELECT "table" AS id FROM pragma_foreign_key_check`],
];

/** What is there by halves, as the database says. */
export async function* violatedInvariants(outside: StorageInspector, isSqlite: boolean): AsyncGenerator<string> {
  const all = isSqlite ? [...invariants, ...sqliteHalves] : invariants;
  const found = await outside.rows(all.map(([, statement]) => statement));
  for (const [i, [what]] of all.entries()) {
    for (const row of found[i] ?? []) yield `there is ${what}: ${String(Object.values(row)[0])}`;
  }
}

/** Whether there is what the halves would tell of, but only until somebody has taken care of it. */
export async function isSettled(outside: StorageInspector): Promise<boolean> {
  const [open = []] = await outside.rows([
    `SELECT id FROM run WHERE status IN ('QUEUED', 'RUNNING')
     UNION SELECT id FROM document WHERE status = 'PROCESSING'
     UNION SELECT id FROM app WHERE deletedAt IS NOT NULL
     UNION SELECT id FROM callback_delivery WHERE status IN ('WAITING', 'PENDING')`,
  ]);
  return open.length === 0;
}

/** Documents whose bytes are missing or others, and bytes of none. To be asked once the store was swept. */
export async function* documentHalves(outside: StorageInspector): AsyncGenerator<string> {
  const [rows = []] = await outside.rows([`SELECT id, sha256, status FROM document`]);
  const names = new Set(await readdir(outside.documents));
  for (const { id, sha256, status } of rows as { id: string; sha256: string; status: string }[]) {
    if (!names.delete(id)) yield `the document ${id} has no bytes`;
    else if (digestOf(await readFile(join(outside.documents, id))) !== sha256) {
      yield `the document ${id} has other bytes`;
    }
    // One that could not be read, as the disk was full, has none.
    if (!names.delete(`${id}.index`) && status === "READY") yield `the document ${id} has no index`;
  }
  for (const name of names) yield `there are bytes of no document: ${name}`;
}

/** Secrets that are kept encrypted and are not those that were set last. */
export async function* secretDifferences(
  outside: StorageInspector,
  secretsKey: Buffer,
  apps: readonly KnownApp[],
): AsyncGenerator<string> {
  const keyring = new Keyring(secretsKey);
  const [connections = [], secrets = []] = await outside.rows([
    `SELECT id, apiKey AS secret FROM model_connection`,
    `SELECT id, appId, secret FROM callback_secret WHERE replacedAt IS NULL`,
  ]);
  const apiKeys = new Map(connections.map((row) => [row["id"], opened(keyring, row, apiKeyPlace)]));
  const callbackSecrets = new Map(secrets.map((row) => [row["appId"], opened(keyring, row, callbackSecretPlace)]));
  for (const app of apps.filter(({ isDeleted }) => !isDeleted)) {
    for (const { id, apiKey } of app.connections) {
      if (apiKeys.get(id) !== apiKey) yield `the model connection ${id} has another key than it was given`;
    }
    if (callbackSecrets.get(app.id) !== app.callbackSecret) {
      yield `the app ${app.id} has another secret for callbacks than was told`;
    }
  }
}

function opened(keyring: Keyring, { id, secret }: Row, placeOf: typeof apiKeyPlace): string {
  return keyring.open(String(secret), placeOf(String(id)));
}
