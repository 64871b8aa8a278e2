import { queryOptions } from "@tanstack/react-query";
import schemaUrl from "../../../schema.graphql?url";
import { parseRequirements } from "./requirements";

/** The API's schema as it is published with this console; 8 KB, loaded by the screens that explain it. */
export const schemaTextQuery = queryOptions({
  queryKey: ["schema"],
  queryFn: async ({ signal }) => {
    const response = await fetch(schemaUrl, { signal });
    if (!response.ok) throw new Error("The schema could not be loaded. Load the page again.");
    return response.text();
  },
  staleTime: Number.POSITIVE_INFINITY,
});

export const requirementsQuery = queryOptions({
  ...schemaTextQuery,
  select: parseRequirements,
});
