import { percentileOf } from "./durations";
import { durationColumns } from "./usage-collector";
import { type UsedOperation, hourMs } from "./usage.entity";
import type { UsageGroup, UsageCounts, UsageOperation, UsageRow } from "./usage.input";
import type { UsageRecord } from "./usage-query";

/** The groups that only requests have. */
const ofRequests: ReadonlySet<UsageGroup> = new Set(["OPERATION", "FIELD", "PERMISSION", "VERDICT"]);

export const countsRequests = (groups: readonly UsageGroup[]): boolean => !groups.includes("AGENT");
export const countsRuns = (groups: readonly UsageGroup[]): boolean => !groups.some((each) => ofRequests.has(each));

const requestSums = ["requests", "refusals", "errors"] as const;
const runSums = ["runs", "failedRuns", "inputTokens", "outputTokens"] as const;

/** @param requests undefined if requests are not told apart by the groups, and so for runs */
export function countsOf(requests: UsageRecord | undefined, runs: UsageRecord | undefined): UsageCounts {
  const durations = durationColumns.map((column) => Number(requests?.[column] ?? 0));
  const p50Ms = percentileOf(durations, 0.5);
  const sumsOf = <Name extends string>(names: readonly Name[], record: UsageRecord | undefined) =>
    Object.fromEntries(names.map((name) => [name, record ? Number(record[name] ?? 0) : null])) as {
      readonly [Each in Name]: number | null;
    };
  return {
    ...sumsOf(requestSums, requests),
    ...sumsOf(runSums, runs),
    duration: p50Ms === null ? null : { p50Ms, p95Ms: percentileOf(durations, 0.95) ?? p50Ms },
  };
}

/** The fields by which rows are told apart. */
type Group = Omit<UsageRow, keyof UsageCounts>;

interface Parts {
  readonly group: Group;
  requests?: UsageRecord;
  runs?: UsageRecord;
}

/** Joins what was counted of requests and of runs for the same group. */
export function rowsOf(
  requests: readonly UsageRecord[],
  runs: readonly UsageRecord[],
  groups: readonly UsageGroup[],
  operations: ReadonlyMap<string, UsedOperation>,
): UsageRow[] {
  const rows = new Map<string, Parts>();
  const add = (kind: "requests" | "runs", record: UsageRecord) => {
    for (const group of groupsOf(record, groups, operations)) {
      const name = JSON.stringify(group);
      const parts = rows.get(name) ?? { group };
      const earlier = parts[kind];
      parts[kind] = earlier ? sumOf(earlier, record) : record;
      rows.set(name, parts);
    }
  };
  for (const record of requests) add("requests", record);
  for (const record of runs) add("runs", record);

  const [withRequests, withRuns] = [countsRequests(groups), countsRuns(groups)];
  return [...rows.values()]
    .map(({ group, requests: ofGroup, runs: runsOfGroup }) => ({
      ...group,
      ...countsOf(withRequests ? (ofGroup ?? {}) : undefined, withRuns ? (runsOfGroup ?? {}) : undefined),
    }))
    .sort(
      (one, other) =>
        Number(one.from ?? 0) - Number(other.from ?? 0) ||
        (other.requests ?? 0) - (one.requests ?? 0) ||
        (other.runs ?? 0) - (one.runs ?? 0),
    );
}

/** The groups of a record: several if its operation requires several permissions, or has several fields. */
function groupsOf(
  record: UsageRecord,
  groups: readonly UsageGroup[],
  operations: ReadonlyMap<string, UsedOperation>,
): Group[] {
  const hash = textOf(record["operation"]);
  const operation = hash === null ? undefined : operations.get(hash);
  const base: Group = {
    from: record["hour"] == null ? null : new Date(Number(record["hour"]) * hourMs),
    apiKeyId: textOf(record["apiKeyId"]),
    scopeId: textOf(record["scopeId"]),
    agentId: textOf(record["agentId"]),
    permission: null,
    field: null,
    operation: groups.includes("OPERATION") && hash !== null ? operationOf(hash, operation) : null,
    verdict: textOf(record["verdict"]) as Group["verdict"],
  };
  const [byField, byPermission] = [groups.includes("FIELD"), groups.includes("PERMISSION")];
  if (!byField && !byPermission) return [base];
  const pairs = new Map<string, Group>();
  for (const { field, requires } of operation?.requirements ?? []) {
    const group = { ...base, ...(byField && { field }), ...(byPermission && { permission: requires }) };
    pairs.set(`${group.field ?? ""} ${group.permission ?? ""}`, group);
  }
  // A request without a known operation still counts, for no field and no permission.
  return pairs.size === 0 ? [base] : [...pairs.values()];
}

const operationOf = (hash: string, operation: UsedOperation | undefined): UsageOperation => ({
  hash,
  kind: operation?.kind ?? null,
  name: operation?.name ?? null,
  requirements: operation?.requirements ?? [],
});

/** Texts that are empty stand for none. */
const textOf = (value: string | number | null | undefined): string | null =>
  value == null || value === "" ? null : String(value);

const sums = [...requestSums, ...runSums, ...durationColumns];

const sumOf = (one: UsageRecord, other: UsageRecord): UsageRecord => ({
  ...one,
  ...Object.fromEntries(sums.filter((sum) => sum in one).map((sum) => [sum, Number(one[sum]) + Number(other[sum])])),
});
