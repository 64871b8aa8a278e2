import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { type EntityManager, type FindOptionsWhere, In, IsNull } from "typeorm";
import { auditedRevocation, type Revocation } from "../domain/api-key/audited-key";
import { App } from "../domain/app/app.entity";
import { auditKeysOf } from "../domain/audit/audit-keys";
import { AuditLog, noOrigin } from "../domain/audit/audit-log";
import { AuditTrail } from "../domain/audit/audit-trail";
import { ApiKey, RevokedKeyRuns } from "../domain/api-key/api-key.entity";
import { digestOf, secretsIn } from "../domain/api-key/secret";
import { EventOutbox } from "../domain/event/event-outbox";
import { readConfig } from "../config";
import { entities } from "../entities";
import { Database } from "../platform/database/database";
import { openKeyring } from "../platform/secrets/open-keyring";
import { exitWithError, StartupError } from "../platform/process/startup-error";

const usage = `Usage: latchkey keys revoke <keys> [--finish-runs]

  --key <id>     one key
  --scope <id>   the keys of a scope
  --app <id>     the keys of an app
  --secret       the keys whose secrets are in the standard input, such as a leaked file
  --all          all keys of all apps

Revoked keys are revoked for good. Their runs are cancelled, unless --finish-runs is given.`;

interface Selection {
  readonly keys: FindOptionsWhere<ApiKey>;
  readonly runs: RevokedKeyRuns;
}

/**
 * Revokes API keys directly in the database, which decides about every request: servers need not run, and running ones
 * refuse the keys from the next request.
 */
async function revokeKeys(): Promise<void> {
  const { keys, runs } = await readSelection();
  const config = readConfig(process.env);
  const keyring = await openKeyring(config);
  const db = await Database.open(config.database, entities);
  const auditLog = new AuditLog(db, auditKeysOf(keyring), config.keepsKeyAddresses);
  // A running server posts the events.
  auditLog.followedBy(new EventOutbox(() => undefined, reportDropped));
  const audit = new AuditTrail(auditLog, { kind: "COMMAND", id: null, name: revocationName }, noOrigin);
  try {
    const revocation = {
      revokedAt: new Date(),
      revokedBy: revocationName,
      revokedReason: null,
      revokedRuns: runs,
    };
    const [found, revoked] = await db.transaction(async (manager) => {
      const active = { ...keys, revokedAt: IsNull() };
      await recordRevocations(manager, audit, active, revocation);
      const { affected } = await manager.update(ApiKey, active, revocation);
      return [await manager.countBy(ApiKey, keys), affected ?? 0];
    });
    process.stdout.write(`${countOf(revoked)} revoked. ${remarkOn(keys, found, revoked)}\n`);
    // A caller that gives the wrong id must notice.
    if (found === 0 && Object.keys(keys).length > 0) process.exitCode = 1;
  } finally {
    await db.close();
  }
}

/** One entry for each key; beyond a number of keys, one for each app. */
async function recordRevocations(
  manager: EntityManager,
  audit: AuditTrail,
  active: FindOptionsWhere<ApiKey>,
  revocation: Revocation,
): Promise<void> {
  if ((await manager.countBy(ApiKey, active)) <= maxEntries) {
    for (const key of await manager.findBy(ApiKey, active))
      audit.record(manager, "REVOKE_API_KEY", auditedRevocation(key, revocation));
    return;
  }
  const apps = await manager
    .createQueryBuilder(ApiKey, "apiKey")
    .select("apiKey.appId", "appId")
    .addSelect("COUNT(*)", "keys")
    .where(active)
    .groupBy("apiKey.appId")
    .getRawMany<{ appId: string; keys: number | string }>();
  for (const { appId, keys } of apps) {
    const app = await manager.findOneBy(App, { id: appId });
    const after = { ...revocation, revokedKeys: Number(keys), scopeId: active.scopeId ?? null };
    audit.record(manager, "REVOKE_API_KEYS", { appId, target: { id: appId, name: app?.name ?? appId }, after });
  }
}

const reportDropped = (appId: string, events: number) =>
  void process.stderr.write(`${events} events of the app ${appId} are not posted, as too many are pending.\n`);

const countOf = (keys: number): string => (keys === 1 ? "1 key was" : `${keys} keys were`);

function remarkOn(keys: FindOptionsWhere<ApiKey>, found: number, revoked: number): string {
  if (Object.keys(keys).length === 0) return "No key is valid now.";
  if (found === 0) return "The database has no such key.";
  return found === revoked ? "None of them is valid now." : `${countOf(found - revoked)} revoked before.`;
}

async function readSelection(): Promise<Selection> {
  const { key, scope, app, secret, all, "finish-runs": finishRuns } = readArguments();
  const runs = finishRuns ? RevokedKeyRuns.FINISH : RevokedKeyRuns.CANCEL;
  const selections: FindOptionsWhere<ApiKey>[] = [
    ...(key === undefined ? [] : [{ id: key }]),
    ...(scope === undefined ? [] : [{ scopeId: scope }]),
    ...(app === undefined ? [] : [{ appId: app }]),
    ...(all ? [{}] : []),
  ];
  if (selections.length + Number(secret) !== 1) throw new StartupError(usage);
  return { keys: selections[0] ?? { digest: In((await readSecrets()).map(digestOf)) }, runs };
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        key: { type: "string" },
        scope: { type: "string" },
        app: { type: "string" },
        secret: { type: "boolean", default: false },
        all: { type: "boolean", default: false },
        "finish-runs": { type: "boolean", default: false },
      },
    }).values;
  } catch {
    throw new StartupError(usage);
  }
}

/** From the standard input: other users of the machine can read the arguments of a process. */
async function readSecrets(): Promise<string[]> {
  const secrets = secretsIn(await text(process.stdin));
  if (secrets.length === 0) throw new StartupError("The standard input has no secret of an API key.");
  if (secrets.length > maxSecrets) throw new StartupError(`The standard input has more than ${maxSecrets} secrets.`);
  return secrets;
}

/** Keys that have an entry of their own. */
const maxEntries = 5_000;
const revocationName = "latchkey keys revoke";

/** The databases accept no more parameters than some ten thousand in a statement. */
const maxSecrets = 1_000;

export const main = (): Promise<void> =>
  revokeKeys().catch((error: unknown) => exitWithError("No key was revoked", error));
