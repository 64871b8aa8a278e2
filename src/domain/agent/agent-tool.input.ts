import { Field, InputType } from "type-graphql";
import { toolNamePattern } from "../../model/tools/tool-server";
import { list, text } from "../../schema-types/rules";
import { Rule } from "../../schema-types/validation";

const toolNames = list("tools", 50, 1)
  .refine((names) => new Set(names).size === names.length, { error: "must name each tool once", abort: true })
  .refine(
    (names) => names.every((name) => typeof name === "string" && toolNamePattern.test(name)),
    "must be names of 1 to 64 letters, digits, underscores and hyphens, which all providers accept",
  );

@InputType()
export class AgentToolInput {
  @Field({
    description:
      "The address of an MCP server, such as `https://example.com/mcp`, up to 2,000 characters; without user name, password, query and fragment. Addresses outside the public network are refused unless the operator allows them.",
  })
  @Rule(text(2_000))
  url!: string;

  @Field(() => [String], {
    description:
      "The names of 1 to 50 tools of this server that the model may call. Other tools are not offered to it.",
  })
  @Rule(toolNames)
  allow!: string[];
}
