import DataLoader from "dataloader";
import type { ApiKey } from "../api-key/api-key.entity";
import type { AppService } from "../app/app.service";
import { badInput } from "../../errors";
import type { Database } from "../../platform/database/database";
import type { UsageCollector } from "./usage-collector";
import { hourMs, hourOf, UsedOperation } from "./usage.entity";
import type { AppUsageArgs, KeyUsageArgs, UsageCounts, UsageGroup, UsageReport } from "./usage.input";
import { type Hours, ofApp, ofKeys, selectRequests, selectRuns, type UsageRecord } from "./usage-query";
import { countsOf, countsRequests, countsRuns, rowsOf } from "./usage-rows";

const dayMs = 24 * hourMs;
const defaultDays = 30;
const maxDays = 400;
/** Of a report by the hour. */
const maxHourlyDays = 31;
const maxRows = 1_000;

/** Reads what keys did. */
export class UsageService {
  /** By period, so that the same field of many keys takes two statements. */
  private readonly byKey = new Map<string, DataLoader<string, UsageCounts>>();

  constructor(
    private readonly db: Database,
    private readonly appService: AppService,
    private readonly collector: UsageCollector,
    private readonly retentionDays: number,
  ) {}

  async ofApp({ appId, apiKeyId, groupBy, ...period }: AppUsageArgs): Promise<UsageReport> {
    const app = await this.appService.get(appId);
    const groups = groupsOf(groupBy);
    const hours = hoursOf(period, groups);
    await this.collector.flush();

    const where = ofApp(app.id, apiKeyId ?? null, hours);
    const none: readonly UsageRecord[] = [];
    const { read } = this.db;
    const [start, [requests], [runs], ofRequests, ofRuns, operations] = await Promise.all([
      read.query<{ hour: number }[]>("SELECT hour FROM usage_start"),
      selectRequests(read, where, []),
      selectRuns(read, where, []),
      groups.length > 0 && countsRequests(groups) ? selectRequests(read, where, groups) : none,
      groups.length > 0 && countsRuns(groups) ? selectRuns(read, where, groups) : none,
      needsOperations(groups) ? read.findBy(UsedOperation, { appId: app.id }) : [],
    ]);
    const byHash = new Map(operations.map((operation) => [operation.hash, operation]));
    const rows = rowsOf(ofRequests, ofRuns, groups, byHash);
    const since = [(start[0]?.hour ?? 0) * hourMs, app.createdAt.getTime(), Date.now() - this.retentionDays * dayMs];
    return {
      from: new Date(hours.from * hourMs),
      to: new Date(hours.to * hourMs),
      dataSince: new Date(Math.max(...since)),
      total: countsOf(requests ?? {}, runs ?? {}),
      rows: rows.slice(0, maxRows),
      hasMoreRows: rows.length > maxRows,
    };
  }

  ofKey({ id }: ApiKey, period: KeyUsageArgs): Promise<UsageCounts> {
    const hours = hoursOf(period, []);
    const name = `${hours.from} ${hours.to}`;
    let loader = this.byKey.get(name);
    if (!loader) this.byKey.set(name, (loader = new DataLoader((ids) => this.ofKeys(ids, hours))));
    return loader.load(id);
  }

  private async ofKeys(ids: readonly string[], hours: Hours): Promise<UsageCounts[]> {
    await this.collector.flush();
    const where = ofKeys(ids, hours);
    const [requests, runs] = await Promise.all([
      selectRequests(this.db.read, where, ["KEY"]),
      selectRuns(this.db.read, where, ["KEY"]),
    ]);
    const of = (records: readonly UsageRecord[], id: string) => records.find(({ apiKeyId }) => apiKeyId === id) ?? {};
    return ids.map((id) => countsOf(of(requests, id), of(runs, id)));
  }
}

const needsOperations = (groups: readonly UsageGroup[]): boolean =>
  groups.some((group) => group === "OPERATION" || group === "FIELD" || group === "PERMISSION");

/** @throws BAD_USER_INPUT */
function groupsOf(groupBy: readonly UsageGroup[]): UsageGroup[] {
  const groups = [...new Set(groupBy)];
  if (!countsRequests(groups) && !countsRuns(groups)) {
    throw badInput({
      field: "groupBy",
      message: "must not have AGENT, which only runs have, together with what only requests have",
    });
  }
  // An hour tells its day.
  return groups.includes("HOUR") ? groups.filter((group) => group !== "DAY") : groups;
}

/** @throws BAD_USER_INPUT */
function hoursOf({ from, to }: KeyUsageArgs, groups: readonly UsageGroup[]): Hours {
  const end = to?.getTime() ?? Date.now();
  const start = from?.getTime() ?? end - defaultDays * dayMs;
  const hours = { from: hourOf(start), to: Math.ceil(end / hourMs) };
  const days = groups.includes("HOUR") ? maxHourlyDays : maxDays;
  if (hours.from >= hours.to) throw badInput({ field: "from", message: "must be before `to`" });
  if (hours.to - hours.from > days * 24 + 1) {
    throw badInput({ field: "from", message: `must be at most ${days} days before \`to\`` });
  }
  return hours;
}
