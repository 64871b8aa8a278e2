import type { EntityManager } from "typeorm";
import { durationColumns } from "./usage-collector";
import type { UsageGroup } from "./usage.input";

/** Hours since 1970; `to` is exclusive. */
export interface Hours {
  readonly from: number;
  readonly to: number;
}

/** One group, as the database returns it: numbers may be texts. */
export type UsageRecord = Readonly<Record<string, string | number | null>>;

/** Groups that a statement returns. */
const maxGroups = 20_000;

/** The column of each group; the rest of a group is computed from the operation. */
const columns: Readonly<Partial<Record<UsageGroup, string>>> = {
  KEY: "counted.keyId AS apiKeyId",
  SCOPE: "holder.scopeId AS scopeId",
  AGENT: "counted.agentId AS agentId",
  PERMISSION: "counted.operation AS operation",
  FIELD: "counted.operation AS operation",
  OPERATION: "counted.operation AS operation",
  VERDICT: "counted.verdict AS verdict",
  DAY: "counted.hour - counted.hour % 24 AS hour",
  HOUR: "counted.hour AS hour",
};

const requestSums = [
  "SUM(counted.requests) AS requests",
  "SUM(CASE WHEN counted.verdict = 'ALLOWED' THEN 0 ELSE counted.requests END) AS refusals",
  "SUM(counted.errors) AS errors",
  ...durationColumns.map((column) => `SUM(counted.${column}) AS ${column}`),
];

const runSums = ["runs", "failedRuns", "inputTokens", "outputTokens"].map((sum) => `SUM(counted.${sum}) AS ${sum}`);

/** The rows that are counted. */
export interface UsageCondition {
  readonly sql: string;
  readonly parameters: readonly (string | number)[];
}

export const ofApp = (appId: string, apiKeyId: string | null, { from, to }: Hours): UsageCondition => ({
  sql: `counted.appId = ? AND counted.hour >= ? AND counted.hour < ?${apiKeyId === null ? "" : " AND counted.keyId = ?"}`,
  parameters: [appId, from, to, ...(apiKeyId === null ? [] : [apiKeyId])],
});

export const ofKeys = (keyIds: readonly string[], { from, to }: Hours): UsageCondition => ({
  sql: `counted.keyId IN (${keyIds.map(() => "?").join(", ")}) AND counted.hour >= ? AND counted.hour < ?`,
  parameters: [...keyIds, from, to],
});

/** @param orderBy the groups with the largest sums come first, as there may be too many */
const selectFrom =
  (table: string, sums: readonly string[], orderBy: string) =>
  (
    manager: EntityManager,
    { sql, parameters }: UsageCondition,
    groups: readonly UsageGroup[],
  ): Promise<UsageRecord[]> => {
    const grouped = [...new Set(groups.flatMap((group) => columns[group] ?? []))];
    const expressions = grouped.map((column) => column.replace(/ AS \w+$/, ""));
    const join = groups.includes("SCOPE") ? "LEFT JOIN api_key holder ON holder.id = counted.keyId" : "";
    const order = `GROUP BY ${expressions.join(", ")} ORDER BY SUM(counted.${orderBy}) DESC`;
    return manager.query<UsageRecord[]>(
      `SELECT ${[...grouped, ...sums].join(", ")} FROM ${table} counted ${join}
       WHERE ${sql} ${expressions.length === 0 ? "" : order} LIMIT ${maxGroups}`,
      [...parameters],
    );
  };

export const selectRequests = selectFrom("usage_requests", requestSums, "requests");
export const selectRuns = selectFrom("usage_runs", runSums, "runs");
