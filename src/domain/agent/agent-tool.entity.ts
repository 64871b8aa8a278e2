import { Field, ObjectType } from "type-graphql";

@ObjectType({ description: "A server of tools (MCP, streamable HTTP), and which of them the agent's model may use." })
export class AgentTool {
  @Field()
  readonly url!: string;

  @Field(() => [String], { description: "The names of the tools that are offered to the model. No others are." })
  readonly allow!: string[];
}
