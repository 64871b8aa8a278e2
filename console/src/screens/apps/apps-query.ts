import { queryOptions } from "@tanstack/react-query";
import { request } from "../../api/client";
import { AppsDocument } from "./operations.generated";

/** The first 100 apps, which the switcher shows too. */
export const appsQuery = queryOptions({
  queryKey: ["apps"],
  queryFn: ({ signal }) => request(AppsDocument, {}, { signal }),
  staleTime: 30_000,
});
