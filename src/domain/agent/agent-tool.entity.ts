import { Field, ObjectType } from "type-graphql";

@ObjectType({ description: "An MCP server (streamable HTTP) and the tools of it that the agent's model may call." })
export class AgentTool {
  @Field()
  readonly url!: string;

  @Field(() => [String], { description: "The names of the tools that are offered to the model. Other tools are not." })
  readonly allow!: string[];
}
