import { type FieldRequirement, type Grants, isOpen } from "../../api/requirements";

/** Requests of one field by keys of one scope, as `usage` answers them. */
export interface FieldUse {
  readonly scopeId: string | null;
  readonly apiKeyId: string | null;
  /** Such as `Query.agents`. */
  readonly field: string | null;
  readonly verdict: string | null;
  readonly requests: number | null;
}

/** The uses by keys that a change would refuse. */
export interface RefusedField {
  readonly field: string;
  readonly requests: number;
  readonly keys: number;
}

/** The fields that keys of the scope have used and that the next permissions would refuse, most used first. */
export function impactOf(
  rows: readonly FieldUse[],
  scopeId: string,
  next: Grants,
  requirements: readonly FieldRequirement[],
): RefusedField[] {
  const found = new Map<string, { requests: number; keys: Set<string> }>();
  for (const row of rows) {
    if (row.scopeId !== scopeId || row.field === null || row.verdict !== "ALLOWED") continue;
    const requirement = requirements.find(({ operation, field }) => `${operation}.${field}` === row.field);
    if (!requirement || isOpen(requirement, next)) continue;
    const entry = found.get(row.field) ?? { requests: 0, keys: new Set<string>() };
    entry.requests += row.requests ?? 0;
    if (row.apiKeyId) entry.keys.add(row.apiKeyId);
    found.set(row.field, entry);
  }
  return [...found]
    .map(([field, { requests, keys }]) => ({ field, requests, keys: keys.size }))
    .sort((one, other) => other.requests - one.requests);
}
