import { type EntityManager, In } from "typeorm";
import { GraphQLSafeInt } from "graphql-scalars";
import { Field, Int, ObjectType } from "type-graphql";
import type { AppLimits } from "./app-limits.entity";
import { AppUsage } from "./app-usage.entity";

const Count = (description: string): PropertyDecorator => Field(() => Int, { description });
const Sum = (description: string): PropertyDecorator => Field(() => GraphQLSafeInt, { description });

@ObjectType({ description: "The current use of an app's limits." })
export class AppLimitUsage {
  @Count("Runs that are executed.")
  readonly runsAtOnce!: number;

  @Count("Runs that are queued.")
  readonly queuedRuns!: number;

  @Sum("Tokens of runs that have ended since midnight in UTC.")
  readonly tokensPerDay!: number;

  @Count("Active sessions.")
  readonly sessions!: number;

  @Count("Documents in all sessions.")
  readonly documents!: number;

  @Sum("The size of all documents together.")
  readonly documentBytes!: number;

  @Count("Agents.")
  readonly agents!: number;

  @Count("Scopes.")
  readonly scopes!: number;

  @Count("The active API keys of the scope that has the most.")
  readonly keysPerScope!: number;

  @Sum("The size of all messages and of all runs with their events.")
  readonly messageBytes!: number;

  @Count("Callbacks that are not delivered yet.")
  readonly pendingCallbacks!: number;

  @Count("Hosts that have callbacks which are not delivered yet.")
  readonly callbackHosts!: number;
}

type UsedLimit = keyof AppLimitUsage & keyof AppLimits;

export const unused: AppLimitUsage = {
  runsAtOnce: 0,
  queuedRuns: 0,
  tokensPerDay: 0,
  sessions: 0,
  documents: 0,
  documentBytes: 0,
  agents: 0,
  scopes: 0,
  keysPerScope: 0,
  messageBytes: 0,
  pendingCallbacks: 0,
  callbackHosts: 0,
};

export const usedLimits = Object.keys(unused) as UsedLimit[];

/**
 * Finds the use of apps' limits, by the counters and the rows by which the limits are checked. The number of statements
 * does not depend on the number of apps.
 */
export async function limitUsageOf(
  manager: EntityManager,
  appIds: readonly string[],
): Promise<ReadonlyMap<string, AppLimitUsage>> {
  if (appIds.length === 0) return new Map();
  const today = new Date().toISOString().slice(0, 10);
  const ids = appIds.map(() => "?").join();
  const found: Counts[] = await manager.findBy(AppUsage, { appId: In([...appIds]) });
  for (const { of, day = [] } of counts(today))
    found.push(...(await manager.query<Counts[]>(of(ids), [...day, ...appIds])));
  const byApp = new Map<string, Record<UsedLimit, number>>(appIds.map((id) => [id, { ...unused }]));
  for (const { appId, ...amounts } of found) {
    const usage = byApp.get(appId);
    for (const name of usedLimits) if (usage && amounts[name] != null) usage[name] = Number(amounts[name]);
  }
  return byApp;
}

type Counts = { readonly appId: string } & { readonly [Name in UsedLimit]?: number | string | null };

/** By the names of the tables, as their rooms are above this one. `of` takes the placeholders for the ids of the apps. */
const counts = (
  today: string,
): readonly { readonly day?: readonly string[]; readonly of: (ids: string) => string }[] => [
  {
    of: (ids) => `
      SELECT appId, COUNT(CASE WHEN status = 'RUNNING' THEN 1 END) AS runsAtOnce,
        COUNT(CASE WHEN status = 'QUEUED' THEN 1 END) AS queuedRuns
      FROM run WHERE status IN ('QUEUED', 'RUNNING') AND appId IN (${ids}) GROUP BY appId`,
  },
  {
    day: [today],
    of: (ids) => `SELECT appId, tokens AS tokensPerDay FROM token_use WHERE day = ? AND appId IN (${ids})`,
  },
  {
    of: (ids) =>
      `SELECT appId, COUNT(*) AS scopes FROM scope WHERE deletedAt IS NULL AND appId IN (${ids}) GROUP BY appId`,
  },
  {
    of: (ids) => `
      SELECT appId, COUNT(*) AS pendingCallbacks, COUNT(DISTINCT host) AS callbackHosts
      FROM callback_delivery WHERE status IN ('WAITING', 'PENDING') AND appId IN (${ids}) GROUP BY appId`,
  },
  {
    of: (ids) => `
      SELECT appId, MAX(keysOfScope) AS keysPerScope FROM (
        SELECT scope.appId AS appId, COUNT(*) AS keysOfScope
        FROM scope JOIN api_key ON api_key.scopeId = scope.id AND api_key.isRevoked = 0
        WHERE scope.deletedAt IS NULL AND scope.appId IN (${ids}) GROUP BY scope.appId, scope.id
      ) AS counted GROUP BY appId`,
  },
];
