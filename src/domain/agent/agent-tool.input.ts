import { Field, InputType } from "type-graphql";
import { toolNamePattern } from "../../model/tools/tool-server";
import { list, text } from "../../schema-types/rules";
import { Rule } from "../../schema-types/validation";

const toolNames = list("tools", 50, 1)
  .refine((names) => new Set(names).size === names.length, { error: "must name each tool once", abort: true })
  .refine(
    (names) => names.every((name) => typeof name === "string" && toolNamePattern.test(name)),
    "must be names of 1 to 64 characters without white space and control characters",
  );

@InputType()
export class AgentToolInput {
  @Field(() => String, {
    nullable: true,
    description: "The name of a tool server of the app. Needed unless an administrator gives a `url`.",
  })
  @Rule(text(64, 1).nullish())
  server?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "The address of an MCP server, such as `https://example.com/mcp`, up to 2,000 characters; without user name, password, query and fragment. Only an administrator may give a new one (else FORBIDDEN); an address that the agent has can be sent back. Addresses outside the public network are refused unless the operator allows them.",
  })
  @Rule(text(2_000).nullish())
  url?: string | null;

  @Field(() => [String], {
    description:
      "The names of 1 to 50 tools of this server that the model may call. Other tools are not offered to it.",
  })
  @Rule(toolNames)
  allow!: string[];
}
