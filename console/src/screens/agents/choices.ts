import { queryOptions } from "@tanstack/react-query";
import { allPages } from "../../api/all-pages";
import { request } from "../../api/client";
import { queryClient } from "../../api/queries";
import type { Choices } from "../../parts/choices";
import { AgentConnectionsDocument, AgentToolServersDocument } from "./operations.generated";

/** The model connections of an app. */
export const connectionsQuery = (appId: string) =>
  queryOptions({
    queryKey: ["connections", "of-agents", appId],
    queryFn: ({ signal }) =>
      allPages(
        async (after) => (await request(AgentConnectionsDocument, { appId, after }, { signal })).modelConnections,
      ),
  });

/** The tool servers of an app. */
export const toolServersQuery = (appId: string) =>
  queryOptions({
    queryKey: ["connections", "tool-servers-of-agents", appId],
    queryFn: ({ signal }) =>
      allPages(async (after) => (await request(AgentToolServersDocument, { appId, after }, { signal })).toolServers),
  });

/** Tool servers by name, as agents name them. The API does not search them. */
export const toolServerChoices = (appId: string): Choices => ({
  noun: "tool server",
  key: ["connections", "tool-server-choices", appId],
  find: async (search) => {
    const all = await queryClient.query(toolServersQuery(appId));
    const needle = search?.toLowerCase() ?? "";
    const nodes = all.filter(({ name }) => name.toLowerCase().includes(needle)).map(({ name }) => ({ id: name, name }));
    return { nodes, totalCount: nodes.length, totalCountIsExact: true };
  },
});
