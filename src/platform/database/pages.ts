import { badInput } from "../../errors";

/** Rows are ordered by id, which is the order of their creation, and stays stable when rows are deleted. */
export type Order = "ASC" | "DESC";

/** A column that a list is sorted by before the id. It is never null, and an index has it before the id. */
export interface SortColumn<Entity> {
  readonly column: keyof Entity & string;
  /** The value of the column as text, for cursors and comparisons. */
  valueOf(row: Entity): string;
}

/** The number of rows of a list. Beyond the maximum it is not exact: there are more rows. */
export interface Count {
  readonly total: number;
  readonly isExact: boolean;
}

/** A count looks at so many rows at most, since the statement would otherwise grow with the list. */
export const maxCount = 10_000;

export const countOf = (rowsFound: number): Count => ({
  total: Math.min(rowsFound, maxCount),
  isExact: rowsFound <= maxCount,
});

export interface PageInfo {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly startCursor: string | null;
  readonly endCursor: string | null;
}

/** One page of a list. The rows of the whole list are only counted on request, and once for each page. */
export interface Page<Node> {
  readonly nodes: readonly Node[];
  readonly edges: readonly { readonly cursor: string; readonly node: Node }[];
  readonly pageInfo: PageInfo;
  count(): Promise<Count>;
}

/** The first rows after a cursor or, with `last`, the last rows before one. `last` takes precedence over `first`. */
export interface PageRequest {
  readonly first: number | null;
  readonly after?: string | null;
  readonly last?: number | null;
  readonly before?: string | null;
}

/** The rows of a page, in the order of the list, and whether the list continues beyond them in the page's direction. */
export interface PageRows<Entity> {
  readonly rows: readonly Entity[];
  readonly hasMore: boolean;
}

/**
 * A page as callers see it. Whether the list goes on behind the cursor that was given is not looked up: the row of the
 * cursor was there when the caller got it.
 */
export function pageFrom<Entity extends { id: string }>(
  { rows, hasMore }: PageRows<Entity>,
  request: PageRequest,
  count: () => Promise<Count>,
  sort?: SortColumn<Entity>,
): Page<Entity> {
  const isBackward = request.last != null;
  const [start, end] = [rows[0], rows.at(-1)];
  let counted: Promise<Count> | undefined;
  return {
    nodes: rows,
    get edges() {
      return rows.map((node) => ({ cursor: cursorOf(node, sort), node }));
    },
    pageInfo: {
      hasNextPage: isBackward ? request.before != null : hasMore,
      hasPreviousPage: isBackward ? hasMore : request.after != null,
      startCursor: start ? cursorOf(start, sort) : null,
      endCursor: end ? cursorOf(end, sort) : null,
    },
    count: () => (counted ??= count()),
  };
}

/** The opaque position of a row in every list that contains it and is sorted likewise. */
export const cursorOf = <Entity extends { readonly id: string }>(row: Entity, sort?: SortColumn<Entity>): string =>
  Buffer.from(row.id + (sort ? sort.valueOf(row) : "")).toString("base64url");

/** @throws BAD_USER_INPUT */
export function idOfCursor(cursor: string, field: "after" | "before"): string {
  const { id, value } = positionOf(cursor, field);
  if (value !== "") throw badInput({ field, message: foreignCursor });
  return id;
}

/**
 * The id and the sorted value of a cursor in a list that is sorted by a column.
 *
 * @throws BAD_USER_INPUT
 */
export function positionOf(cursor: string, field: "after" | "before"): { id: string; value: string } {
  const [, id, value] = /^([0-9a-f-]{36})(.*)$/su.exec(Buffer.from(cursor, "base64url").toString()) ?? [];
  if (id === undefined || value === undefined) throw badInput({ field, message: foreignCursor });
  return { id, value };
}

const foreignCursor = "must be a cursor of this list";
