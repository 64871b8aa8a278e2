import { Field, ObjectType } from "type-graphql";

@ObjectType({ description: "An MCP server (streamable HTTP) and the tools of it that the agent's model may call." })
export class AgentTool {
  /** The tool server of the app; undefined if an administrator gave the agent an address of its own. */
  readonly serverId?: string;

  /** Not used if there is a `serverId`; see AgentToolResolver. */
  readonly url!: string;

  @Field(() => [String], { description: "The names of the tools that are offered to the model. Other tools are not." })
  readonly allow!: string[];
}
