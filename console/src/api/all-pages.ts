interface Page<Node> {
  readonly nodes: readonly Node[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** The elements of a list that has no search, page by page. @param maxCount no further page is loaded from there on */
export async function allPages<Node>(
  load: (after: string | null) => Promise<Page<Node>>,
  maxCount = Infinity,
): Promise<Node[]> {
  const all: Node[] = [];
  let after: string | null = null;
  do {
    const { nodes, pageInfo } = await load(after);
    all.push(...nodes);
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
  } while (after !== null && all.length < maxCount);
  return all;
}
