import { FieldResolver, Resolver, Root } from "type-graphql";
import { batching } from "../../platform/database/loaders";
import { AgentTool } from "./agent-tool.entity";
import type { NamedToolServer, ToolServerDirectory } from "./agent-tools";

@Resolver(() => AgentTool)
export class AgentToolResolver {
  private readonly byId = batching<NamedToolServer | undefined>(async (ids) => {
    const found = await this.toolServers.findByIds(ids);
    return ids.map((id) => found.find((server) => server.id === id));
  });

  constructor(private readonly toolServers: ToolServerDirectory) {}

  @FieldResolver(() => String, {
    nullable: true,
    description: "The name of the app's tool server; null if the agent has an address of its own.",
  })
  async server(@Root() tool: AgentTool): Promise<string | null> {
    return (await this.serverOf(tool))?.name ?? null;
  }

  @FieldResolver(() => String, { description: "The address of the server." })
  async url(@Root() tool: AgentTool): Promise<string> {
    return (await this.serverOf(tool))?.url ?? tool.url;
  }

  private async serverOf({ serverId }: AgentTool): Promise<NamedToolServer | undefined> {
    return serverId === undefined ? undefined : this.byId.load(serverId);
  }
}
