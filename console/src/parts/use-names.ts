import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type Operation, request } from "../api/client";

/** The number of root fields of an operation is limited, to 30 if nothing else is configured. */
const namesPerRequest = 25;
const maxNamed = 200;

type Answer = Record<string, { name: string; hint?: string } | null>;

/** A field of the API that takes an id and answers with a name. */
export type Named = "apiKey" | "app" | "agent" | "scope";

/** The names by ids, for the first 200 of them; null for what does not exist. */
export function useNames(field: Named, ids: readonly string[]): ReadonlyMap<string, string | null> | undefined {
  const wanted = ids.slice(0, maxNamed);
  const { data } = useQuery({
    queryKey: ["names", field, wanted],
    enabled: wanted.length > 0,
    staleTime: 60_000,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const names = new Map<string, string | null>();
      for (let start = 0; start < wanted.length; start += namesPerRequest) {
        const part = wanted.slice(start, start + namesPerRequest);
        const parameters = part.map((_, index) => `$n${String(index)}: ID!`).join(", ");
        const selection = field === "apiKey" ? "name hint" : "name";
        const fields = part
          .map((_, index) => `n${String(index)}: ${field}(id: $n${String(index)}) { ${selection} }`)
          .join(" ");
        const operation = `query Names(${parameters}) { ${fields} }`;
        const variables = Object.fromEntries(part.map((id, index) => [`n${String(index)}`, id]));
        const answer = await request(operation as unknown as Operation<Answer, typeof variables>, variables, {
          signal,
        });
        part.forEach((id, index) => {
          const found = answer[`n${String(index)}`];
          names.set(id, found ? (found.hint ? `${found.name} (${found.hint})` : found.name) : null);
        });
      }
      return names;
    },
  });
  return data;
}
