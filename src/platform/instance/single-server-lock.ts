import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import type { Database } from "../database/database";
import type { DatabaseConfig } from "../database/database-config";
import { lockForProcess, type ProcessLock } from "../database/process-lock";
import { StartupError } from "../process/startup-error";
import { InstanceRow } from "./instance.entity";
import { ServerHolder } from "./server-holder.entity";

/** The key of the only row. */
const id = "server";

/** The database may notice this late that a server was killed. */
const waitMs = 2_000;

/**
 * Makes sure that a server without Redis is alone on its data, as it takes over the work of all others when it starts.
 *
 * @returns the lock, which is released when the process ends
 * @throws {StartupError} that names the server at work
 */
export async function lockSingleServer(
  config: DatabaseConfig,
  db: Database,
  heartbeatIntervalMs: number,
  log: Logger,
): Promise<ProcessLock> {
  const onLost = () => log.error("another server works on the same data: stop one of them, or set REDIS_URL for both");
  const lock = await lockForProcess(config, { waitMs, onLost });
  if (!lock) throw new StartupError(await refusalBy(db));
  try {
    await assertNoCluster(db, heartbeatIntervalMs);
    const holder = { id, pid: process.pid, host: hostname().slice(0, 255), startedAt: new Date() };
    await db.transaction((manager) => manager.upsert(ServerHolder, holder, ["id"]));
    return lock;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/**
 * For a server with Redis, which shares its data with others that have it too.
 *
 * @throws {StartupError} that names the server at work
 */
export async function assertNoSingleServer(config: DatabaseConfig, db: Database): Promise<void> {
  const lock = await lockForProcess(config, { waitMs, onLost: () => undefined });
  if (!lock) throw new StartupError(await refusalBy(db));
  await lock.release();
}

async function refusalBy(db: Database): Promise<string> {
  const holder = await db.lookup.findOneBy(ServerHolder, { id });
  const who = holder ? `: process ${holder.pid} on ${holder.host}, since ${holder.startedAt.toISOString()}` : "";
  return `Another server works on the same data (DATABASE_URL, or else DATA_DIR)${who}. Stop it first. Several servers need REDIS_URL, all of them.`;
}

/** Observes the instances that are registered, and removes those whose heartbeat stands still. */
async function assertNoCluster(db: Database, heartbeatIntervalMs: number): Promise<void> {
  const before = await db.read.find(InstanceRow);
  if (before.length === 0) return;
  await delay(2.5 * heartbeatIntervalMs);
  const after = await db.read.find(InstanceRow);
  const beats = new Map(before.map((row) => [row.id, row.beat]));
  if (after.some((row) => beats.get(row.id) !== row.beat)) {
    throw new StartupError(
      "Servers or workers with REDIS_URL work on the same data (DATABASE_URL). Set REDIS_URL too, or stop them first.",
    );
  }
  for (const row of after) {
    await db.transaction((manager) => manager.delete(InstanceRow, { id: row.id, beat: row.beat }));
  }
}
