import type { EntityManager } from "typeorm";
import { type Database, isDuplicate } from "../../platform/database/database";
import { changeRows } from "../../platform/database/prepared-write";
import { App } from "./app.entity";
import type { AppLimits } from "./app-limits.entity";
import { AppUsage } from "./app-usage.entity";
import { limitReached } from "./limit-reached";

type Resource = Exclude<keyof AppUsage, "appId">;
type Amounts = Readonly<Partial<Record<Resource, number>>>;

const resources: Readonly<Record<Resource, { column: string; what: string; advice: string }>> = {
  sessions: { column: "maxSessions", what: "active sessions", advice: "Terminate sessions that are no longer used." },
  documents: { column: "maxDocuments", what: "documents", advice: "Delete documents, or terminate their sessions." },
  documentBytes: {
    column: "maxDocumentBytes",
    what: "bytes of documents",
    advice: "Delete documents, or terminate their sessions.",
  },
  agents: { column: "maxAgents", what: "agents", advice: "Delete agents that are no longer used." },
  messageBytes: {
    column: "maxMessageBytes",
    what: "bytes of messages and runs",
    advice: "Ask an administrator for a higher limit, or for a shorter retention of terminated sessions.",
  },
};

/** For a limit that is null. */
const noLimit = Number.MAX_SAFE_INTEGER;

/**
 * Counts what a transaction adds to an app, if its limits have room for it. The counters change with the rows that they
 * count, or not at all, so they can't drift. Call it last: the counters of the app stay locked until the transaction ends.
 *
 * @throws LIMIT_REACHED
 */
export async function takeRoom(manager: EntityManager, appId: string, amounts: Amounts): Promise<void> {
  const limits = entriesOf(amounts).map(([resource, amount]) => ({
    text: `${resource} + ? <= COALESCE((SELECT ${resources[resource].column} FROM app WHERE id = ?), ${noLimit})`,
    values: [amount, appId],
  }));
  if (await change(manager, appId, amounts, limits)) return;
  const usage = await manager.findOneBy(AppUsage, { appId });
  if (!usage) {
    await insertUsage(manager, appId);
    return takeRoom(manager, appId, amounts);
  }
  const { limits: max } = await manager.findOneByOrFail(App, { id: appId });
  for (const [resource, amount] of entriesOf(amounts)) assertRoom(max, resource, usage[resource], amount);
  throw new Error("The usage of the app changed although it was locked");
}

/** Counts what a transaction adds to an app, whatever its limits: what was accepted before is not refused. */
export async function addUsage(manager: EntityManager, appId: string, amounts: Amounts): Promise<void> {
  if (await change(manager, appId, amounts)) return;
  await insertUsage(manager, appId);
  await change(manager, appId, amounts);
}

/** Gives back the room of what a transaction deletes. Call it last, as takeRoom(). */
export async function giveRoom(manager: EntityManager, appId: string, amounts: Amounts): Promise<void> {
  await addUsage(manager, appId, Object.fromEntries(entriesOf(amounts).map(([name, amount]) => [name, -amount])));
}

function assertRoom(limits: AppLimits, resource: Resource, used: number, amount: number): void {
  const max = limits[resource];
  const { what, advice } = resources[resource];
  if (max !== null && used + amount > max) {
    throw limitReached({ of: "app", limit: resource, max, used, what, advice });
  }
}

/** @returns false if the conditions do not hold, or the app has no counters yet */
async function change(
  manager: EntityManager,
  appId: string,
  amounts: Amounts,
  conditions: readonly Part[] = [],
): Promise<boolean> {
  const where = [{ text: "appId = ?", values: [appId] }, ...conditions];
  const changes = entriesOf(amounts).map(increment);
  const statement =
    `UPDATE app_usage SET ${changes.map((each) => each.text).join(", ")} ` +
    `WHERE ${where.map((each) => each.text).join(" AND ")}`;
  const values = [...changes, ...where].flatMap((each) => each.values);
  return (await changeRows(manager, statement, values)) === 1;
}

/** A part of a statement, with the values of its placeholders. The text has no values, so that it is prepared once. */
interface Part {
  readonly text: string;
  readonly values: readonly (string | number)[];
}

/** Never below zero: while a previous version still runs, it adds rows without counting them. */
function increment([resource, amount]: [Resource, number]): Part {
  if (amount >= 0) return { text: `${resource} = ${resource} + ?`, values: [amount] };
  const sum = `${resource} + ?`;
  return { text: `${resource} = CASE WHEN ${sum} < 0 THEN 0 ELSE ${sum} END`, values: [amount, amount] };
}

/** Apps have counters from their creation on, except those that a previous version has created. */
async function insertUsage(manager: EntityManager, appId: string): Promise<void> {
  try {
    await manager.insert(AppUsage, newUsage(appId));
  } catch (error) {
    if (!isDuplicate(error)) throw error;
  }
}

export const newUsage = (appId: string): AppUsage => ({
  appId,
  sessions: 0,
  documents: 0,
  documentBytes: 0,
  agents: 0,
  messageBytes: 0,
});

const entriesOf = (amounts: Amounts) => Object.entries(amounts) as [Resource, number][];

/**
 * Corrects the counters of all apps, for a database that instances of two versions share during an upgrade: the previous
 * version adds and deletes rows without counting them. One statement compares rows and counters in one snapshot, and each
 * transaction changes both, so the difference is exact whatever happens concurrently.
 */
export async function reconcileUsage(db: Database, stop: AbortSignal): Promise<void> {
  const apps = await db.read.find(AppUsage, { select: { appId: true } });
  for (const { appId } of apps) {
    stop.throwIfAborted();
    const [missing] = await db.read.query<Record<string, string | number>[]>(difference, [appId]);
    const amounts = Object.fromEntries(
      Object.entries(missing ?? {}).flatMap(([resource, amount]) =>
        Number(amount) === 0 ? [] : [[resource, Number(amount)]],
      ),
    ) as Amounts;
    if (entriesOf(amounts).length > 0) {
      await db.transaction((manager) => addUsage(manager, appId, amounts));
    }
  }
}

const difference = `
  SELECT
    (SELECT COUNT(*) FROM session WHERE session.appId = app_usage.appId AND session.terminatedAt IS NULL)
      - app_usage.sessions AS sessions,
    (SELECT COUNT(*) FROM document WHERE document.appId = app_usage.appId) - app_usage.documents AS documents,
    (SELECT COALESCE(SUM(document.size), 0) FROM document WHERE document.appId = app_usage.appId)
      - app_usage.documentBytes AS documentBytes,
    (SELECT COUNT(*) FROM agent WHERE agent.appId = app_usage.appId) - app_usage.agents AS agents
  FROM app_usage WHERE app_usage.appId = ?`;
