import { useQuery } from "@tanstack/react-query";
import { type Operation, request } from "../../api/client";

/** The number of root fields of an operation is limited, to 30 if nothing else is configured. */
const scopesPerRequest = 20;

type Answer = Record<string, { nodes: { lastUsedAt: string | null }[] }>;

/** When a key of each scope was last used, by the scope's id: asked for beside the list, which doesn't wait for it. */
export function useLastUse(appId: string, scopeIds: readonly string[]) {
  const { data } = useQuery({
    queryKey: ["scopes", "last-use", appId, scopeIds],
    enabled: scopeIds.length > 0,
    staleTime: 30_000,
    queryFn: async ({ signal }) => {
      const found = new Map<string, string | null>();
      for (let start = 0; start < scopeIds.length; start += scopesPerRequest) {
        const ids = scopeIds.slice(start, start + scopesPerRequest);
        const fields = ids.map(
          (_, index) =>
            `s${String(index)}: apiKeys(appId: $appId, first: 1, filter: {scopeId: $s${String(index)}, neverUsed: false}, orderBy: {field: LAST_USED_AT, direction: DESC}) { nodes { lastUsedAt } }`,
        );
        const parameters = ids.map((_, index) => `$s${String(index)}: ID!`).join(", ");
        const operation = `query LastUse($appId: ID!, ${parameters}) { ${fields.join(" ")} }`;
        const variables = { appId, ...Object.fromEntries(ids.map((id, index) => [`s${String(index)}`, id])) };
        const answer = await request(operation as unknown as Operation<Answer, typeof variables>, variables, {
          signal,
        });
        ids.forEach((id, index) => found.set(id, answer[`s${String(index)}`]?.nodes[0]?.lastUsedAt ?? null));
      }
      return found;
    },
  });
  return data;
}
