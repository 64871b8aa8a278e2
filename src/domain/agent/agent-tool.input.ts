import { ArrayMaxSize, ArrayMinSize, ArrayUnique, Matches } from "class-validator";
import { Field, InputType } from "type-graphql";
import { toolNameShape } from "../../model/tools/tool-server";
import { Text } from "../../schema-types/validation";

@InputType()
export class AgentToolInput {
  @Field({
    description:
      "Such as `https://example.com/mcp`, without user name, password, query and fragment. Addresses that are not of the public network are refused unless the operator allows them.",
  })
  @Text(2_000)
  url!: string;

  @Field(() => [String], { description: "The names of its tools that the model may use, 1 to 50." })
  @ArrayMinSize(1, { message: "must name 1 tool at least" })
  @ArrayMaxSize(50, { message: "must name at most 50 tools" })
  @ArrayUnique({ message: "must name each tool once" })
  @Matches(toolNameShape, {
    each: true,
    message: "must be names of 1 to 64 letters, digits, underscores and hyphens, as all providers take them",
  })
  allow!: string[];
}
