import type { Finding } from "../program";
import type { MutationCall } from "./mutations";

/** How calls that are made at once get in each other's way; of several, the first. */
const kinds = [
  "one version of an agent",
  "one unique name",
  "an end, and what it takes along",
  "one object",
  "other",
] as const;
export type Race = (typeof kinds)[number];

export function kindOf(calls: readonly MutationCall[]): Race {
  if (hasTwice(calls.map(versionOf))) return "one version of an agent";
  if (hasTwice(calls.map(({ claims }) => claims))) return "one unique name";
  const ended = new Set(calls.filter(({ isEnd }) => isEnd).map(({ changes }) => changes));
  if (calls.some(({ within = [] }) => within.some((id) => id !== undefined && ended.has(id)))) {
    return "an end, and what it takes along";
  }
  return hasTwice(calls.map(({ changes }) => changes)) ? "one object" : "other";
}

const versionOf = ({ changes, input: { expectedVersion } }: MutationCall): string | undefined =>
  expectedVersion === undefined ? undefined : `${changes ?? ""} at ${JSON.stringify(expectedVersion)}`;

const hasTwice = (names: readonly (string | undefined)[]): boolean => {
  const given = names.filter((name) => name !== undefined);
  return new Set(given).size < given.length;
};

/** Counts what was tried, and how it came out. */
export class RaceCounters {
  private readonly counts = new Map(kinds.map((kind) => [kind, { trials: 0, violations: 0, slowest: 0 }]));
  private hasFailed = false;

  held(kind: Race, slowest: number): void {
    this.count(kind, { trials: 1, violations: 0, slowest });
  }

  /** What comes behind it looks for a shorter way to the same, and counts no more. */
  failed(kind: Race): void {
    this.count(kind, { trials: 1, violations: 1, slowest: 0 });
    this.hasFailed = true;
  }

  get findings(): Finding[] {
    return [...this.counts].map(([kind, { trials, violations, slowest }]) => ({
      fault: kind,
      trials,
      violations,
      worst: `${Math.round(slowest)} ms`,
    }));
  }

  private count(kind: Race, more: { trials: number; violations: number; slowest: number }): void {
    const count = this.counts.get(kind);
    if (!count || this.hasFailed) return;
    count.trials += more.trials;
    count.violations += more.violations;
    count.slowest = Math.max(count.slowest, more.slowest);
  }
}
