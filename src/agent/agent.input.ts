import { ArrayMaxSize, IsArray, ValidateNested } from "class-validator";
import { Field, Float, ID, InputType, Int, ObjectType } from "type-graphql";
import { countedConnectionOf } from "../database/pages";
import { LeftOutOr, Name, NotNull, Nullable, Text, WholeNumber, Within } from "../validation";
import { Agent, OnInterrupt } from "./agent.entity";
import { AgentToolInput } from "./agent-tool.input";

/** More than any model gives. */
const mostTokens = 10_000_000;

const toolsDescription =
  "Servers of tools (MCP, streamable HTTP), at most 10. A tool's name may stand with one of them only. `builtin:extractive` uses none.";

const AgentTools = (): PropertyDecorator => (target, property) => {
  IsArray({ message: "must be a list" })(target, property);
  ArrayMaxSize(10, { message: "must have at most 10 servers" })(target, property);
  ValidateNested({ each: true })(target, property);
};

@InputType()
export class CreateAgentInput {
  @Field(() => ID, { nullable: true })
  appId?: string | null;

  @Field({ description: "Unique within the app. 1 to 120 characters, trimmed." })
  @Name()
  name!: string;

  @Field(() => String, { nullable: true, defaultValue: "", description: "Up to 2,000 characters." })
  @Text(2_000)
  description!: string;

  @Field(() => String, {
    nullable: true,
    defaultValue: "",
    description: "Up to 100,000 characters, unless configured.",
  })
  @NotNull()
  instructions!: string;

  @Field(() => String, { nullable: true, defaultValue: "builtin:extractive" })
  @Text(255)
  model!: string;

  @Field(() => Float, { nullable: true, description: "0 to 2." })
  @Nullable()
  @Within(0, 2)
  temperature?: number | null;

  @Field(() => Int, { nullable: true, description: "1 or more." })
  @Nullable()
  @WholeNumber(1, mostTokens)
  maxOutputTokens?: number | null;

  @Field(() => Int, { nullable: true, defaultValue: 120, description: "1 to 3600." })
  @WholeNumber(1, 3_600)
  timeoutSeconds!: number;

  @Field(() => OnInterrupt, { nullable: true, defaultValue: OnInterrupt.FAIL })
  @NotNull()
  onInterrupt!: OnInterrupt;

  @Field(() => [AgentToolInput], { nullable: true, defaultValue: [], description: toolsDescription })
  @AgentTools()
  tools!: AgentToolInput[];
}

@InputType()
export class UpdateAgentInput {
  @Field(() => ID)
  id!: string;

  @Field(() => Int, { nullable: true, description: "CONFLICT if the agent is at another version by now." })
  @LeftOutOr()
  @WholeNumber(1, 2_147_483_647)
  expectedVersion?: number;

  @Field(() => String, { nullable: true })
  @LeftOutOr()
  @Name()
  name?: string;

  @Field(() => String, { nullable: true })
  @LeftOutOr()
  @Text(2_000)
  description?: string;

  @Field(() => String, { nullable: true })
  @LeftOutOr()
  @NotNull()
  instructions?: string;

  @Field(() => String, { nullable: true })
  @LeftOutOr()
  @Text(255)
  model?: string;

  @Field(() => Float, { nullable: true, description: "0 to 2; with null it is left to the provider." })
  @Nullable()
  @Within(0, 2)
  temperature?: number | null;

  @Field(() => Int, { nullable: true, description: "1 or more; with null it is left to the provider." })
  @Nullable()
  @WholeNumber(1, mostTokens)
  maxOutputTokens?: number | null;

  @Field(() => Int, { nullable: true, description: "1 to 3600." })
  @LeftOutOr()
  @WholeNumber(1, 3_600)
  timeoutSeconds?: number;

  @Field(() => OnInterrupt, { nullable: true })
  @LeftOutOr()
  @NotNull()
  onInterrupt?: OnInterrupt;

  @Field(() => [AgentToolInput], { nullable: true, description: toolsDescription })
  @LeftOutOr()
  @AgentTools()
  tools?: AgentToolInput[];
}

@InputType()
export class DeleteAgentInput {
  @Field(() => ID)
  id!: string;
}

export const AgentConnection = countedConnectionOf(Agent, "AgentConnection");

@ObjectType()
export class AgentPayload {
  @Field(() => Agent)
  readonly agent!: Agent;
}
