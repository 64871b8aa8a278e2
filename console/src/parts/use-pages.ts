import { useState } from "react";

/** The start of a page of a list, as the arguments of a connection. */
export type PageArguments =
  { readonly first: number; readonly after?: string | null } | { readonly last: number; readonly before: string };

export const pageSize = 50;
export const firstPage: PageArguments = { first: pageSize };

interface PageInfo {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly startCursor: string | null;
  readonly endCursor: string | null;
}

/** Pages of a list that start anew if `key` changes, which names its filter and order. */
export function usePages(key: string) {
  const [position, setPosition] = useState({ key, page: firstPage, number: 1 });
  const isCurrent = position.key === key;
  const page = isCurrent ? position.page : firstPage;
  const number = isCurrent ? position.number : 1;
  return {
    page,
    number,
    next: ({ endCursor }: PageInfo) =>
      setPosition({ key, page: { first: pageSize, after: endCursor }, number: number + 1 }),
    previous: ({ startCursor }: PageInfo) =>
      setPosition(
        number <= 2 || startCursor === null
          ? { key, page: firstPage, number: 1 }
          : { key, page: { last: pageSize, before: startCursor }, number: number - 1 },
      ),
  };
}
