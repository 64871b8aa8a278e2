import type { Finding } from "../program";
import type { MutationCall } from "./mutations";

/** The kinds of conflict between concurrent mutations. If several apply, the first one counts. */
const kinds = ["same agent version", "same unique name", "parent deleted", "same object", "no conflict"] as const;
export type RaceKind = (typeof kinds)[number];

export function classifyRace(calls: readonly MutationCall[]): RaceKind {
  if (hasDuplicates(calls.map(versionOf))) return "same agent version";
  if (hasDuplicates(calls.map(({ claimedName }) => claimedName))) return "same unique name";
  const deleted = new Set(calls.filter(({ isDeletion }) => isDeletion).map(({ target }) => target));
  if (calls.some(({ parents = [] }) => parents.some((id) => id !== undefined && deleted.has(id)))) {
    return "parent deleted";
  }
  return hasDuplicates(calls.map(({ target }) => target)) ? "same object" : "no conflict";
}

const versionOf = ({ target, input: { expectedVersion } }: MutationCall): string | undefined =>
  expectedVersion === undefined ? undefined : `${target ?? ""} at ${JSON.stringify(expectedVersion)}`;

const hasDuplicates = (values: readonly (string | undefined)[]): boolean => {
  const present = values.filter((value) => value !== undefined);
  return new Set(present).size < present.length;
};

/** Counts the concurrent commands by kind, and those that were not linearizable. */
export class RaceCounters {
  private readonly counts = new Map(kinds.map((kind) => [kind, { trials: 0, violations: 0, maxMs: 0 }]));
  private hasFailed = false;

  passed(kind: RaceKind, durationMs: number): void {
    this.count(kind, { trials: 1, violations: 0, durationMs });
  }

  /** Stops counting: every command after the first failure only shrinks the counterexample. */
  failed(kind: RaceKind): void {
    this.count(kind, { trials: 1, violations: 1, durationMs: 0 });
    this.hasFailed = true;
  }

  get findings(): Finding[] {
    return [...this.counts].map(([kind, { trials, violations, maxMs }]) => ({
      fault: kind,
      trials,
      violations,
      worst: `${Math.round(maxMs)} ms`,
    }));
  }

  private count(kind: RaceKind, more: { trials: number; violations: number; durationMs: number }): void {
    const count = this.counts.get(kind);
    if (!count || this.hasFailed) return;
    count.trials += more.trials;
    count.violations += more.violations;
    count.maxMs = Math.max(count.maxMs, more.durationMs);
  }
}
