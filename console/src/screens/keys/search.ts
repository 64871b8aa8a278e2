/** The filter and the order of the list, as its address has them. */
export interface KeysSearch {
  readonly search?: string | undefined;
  readonly show?: string | undefined;
  readonly owner?: string | undefined;
  readonly tag?: string | undefined;
  readonly environment?: string | undefined;
  readonly sort?: string | undefined;
}

export const shows = [
  { value: "active", name: "Active" },
  { value: "never-used", name: "Never used" },
  { value: "unused", name: "Unused for 90 days" },
  { value: "revoked", name: "Revoked" },
  { value: "all", name: "All" },
] as const;

const unusedDays = 90;
/** The filter as the API takes it. */
export function filterOf({ search, show, owner, tag, environment }: KeysSearch, scopeId: string) {
  return {
    scopeId,
    ...(search ? { search } : {}),
    ...(owner ? { owner } : {}),
    ...(tag ? { tag } : {}),
    ...(environment ? { environment } : {}),
    ...(show === "all" ? {} : { status: show === "revoked" ? ("REVOKED" as const) : ("ACTIVE" as const) }),
    ...(show === "never-used" ? { neverUsed: true } : {}),
    ...(show === "unused" ? { unusedSinceDays: unusedDays } : {}),
  };
}

const fields = { name: "NAME", created: "CREATED_AT", used: "LAST_USED_AT" } as const;
export type SortField = keyof typeof fields;

/** `name`, or `-name` for the other direction; the newest come first if nothing is said. */
export function sortOf(sort: string | undefined): { field: SortField; isDescending: boolean } {
  const isDescending = sort === undefined || sort.startsWith("-");
  const field = sort?.replace("-", "") ?? "created";
  return Object.hasOwn(fields, field)
    ? { field: field as SortField, isDescending }
    : { field: "created", isDescending: true };
}

export function orderOf(sort: string | undefined) {
  const { field, isDescending } = sortOf(sort);
  return { field: fields[field], direction: isDescending ? ("DESC" as const) : ("ASC" as const) };
}
