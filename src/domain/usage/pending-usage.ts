import type { Verdict } from "./operation-report";
import { otherOperations } from "./operation-description";
import { durationBuckets } from "./durations";

/** Counts that wait to be written: this many in all, and for each app. What exceeds them is counted together. */
const maxEntries = 20_000;
const maxEntriesOfApp = 5_000;

export interface RequestKey {
  readonly appId: string;
  readonly hour: number;
  readonly keyId: string;
  readonly operation: string;
  readonly verdict: Verdict;
}

export interface RequestCount extends RequestKey {
  requests: number;
  errors: number;
  readonly durations: number[];
}

export interface RunKey {
  readonly appId: string;
  readonly hour: number;
  readonly keyId: string;
  readonly agentId: string;
}

export interface RunCount extends RunKey {
  runs: number;
  failedRuns: number;
  inputTokens: number;
  outputTokens: number;
}

/** Collects counts in memory, in a bounded number of entries. */
export class PendingUsage {
  private readonly requestsByKey = new Map<string, RequestCount>();
  private readonly runsByKey = new Map<string, RunCount>();
  private readonly entriesOfApp = new Map<string, number>();

  get requests(): readonly RequestCount[] {
    return [...this.requestsByKey.values()];
  }

  get runs(): readonly RunCount[] {
    return [...this.runsByKey.values()];
  }

  get isEmpty(): boolean {
    return this.requestsByKey.size + this.runsByKey.size === 0;
  }

  /** The entry to add to. If there are too many, the one of all other operations, and then that of all other keys. */
  requestsOf(key: RequestKey): RequestCount {
    const found = this.requestsByKey.get(nameOf(key));
    if (found) return found;
    const { appId, keyId } = key;
    if (!this.hasRoom(appId)) {
      if (key.operation !== otherOperations) return this.requestsOf({ ...key, operation: otherOperations });
      if (keyId !== "") return this.requestsOf({ ...key, keyId: "" });
    }
    const durations = new Array<number>(durationBuckets).fill(0);
    const added: RequestCount = { ...key, requests: 0, errors: 0, durations };
    this.requestsByKey.set(nameOf(key), added);
    this.countEntry(appId);
    return added;
  }

  /** The number of agents and keys with runs is bounded by that of runs, which take far longer than a request. */
  runsOf(key: RunKey): RunCount {
    const name = Object.values(key).join(" ");
    let count = this.runsByKey.get(name);
    if (!count) {
      count = { ...key, runs: 0, failedRuns: 0, inputTokens: 0, outputTokens: 0 };
      this.runsByKey.set(name, count);
    }
    return count;
  }

  private hasRoom(appId: string): boolean {
    return this.requestsByKey.size < maxEntries && (this.entriesOfApp.get(appId) ?? 0) < maxEntriesOfApp;
  }

  private countEntry(appId: string): void {
    this.entriesOfApp.set(appId, (this.entriesOfApp.get(appId) ?? 0) + 1);
  }
}

const nameOf = ({ appId, hour, keyId, operation, verdict }: RequestKey): string =>
  `${appId} ${hour} ${keyId} ${operation} ${verdict}`;
