import { ArrayMaxSize, IsArray, ValidateNested } from "class-validator";
import { Field, Float, ID, InputType, Int, ObjectType } from "type-graphql";
import { countedConnectionOf } from "../../schema-types/pages";
import { Optional, Name, Required, Nullable, Text, IntegerBetween, NumberBetween } from "../../schema-types/validation";
import { Agent, OnInterrupt } from "./agent.entity";
import { AgentToolInput } from "./agent-tool.input";

/** More than any model gives. */
const maxTokens = 10_000_000;

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
  @Required()
  instructions!: string;

  @Field(() => String, { nullable: true, defaultValue: "builtin:extractive" })
  @Text(255)
  model!: string;

  @Field(() => Float, { nullable: true, description: "0 to 2." })
  @Nullable()
  @NumberBetween(0, 2)
  temperature?: number | null;

  @Field(() => Int, { nullable: true, description: "1 or more." })
  @Nullable()
  @IntegerBetween(1, maxTokens)
  maxOutputTokens?: number | null;

  @Field(() => Int, { nullable: true, defaultValue: 120, description: "1 to 3600." })
  @IntegerBetween(1, 3_600)
  timeoutSeconds!: number;

  @Field(() => OnInterrupt, { nullable: true, defaultValue: OnInterrupt.FAIL })
  @Required()
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
  @Optional()
  @IntegerBetween(1, 2_147_483_647)
  expectedVersion?: number;

  @Field(() => String, { nullable: true })
  @Optional()
  @Name()
  name?: string;

  @Field(() => String, { nullable: true })
  @Optional()
  @Text(2_000)
  description?: string;

  @Field(() => String, { nullable: true })
  @Optional()
  @Required()
  instructions?: string;

  @Field(() => String, { nullable: true })
  @Optional()
  @Text(255)
  model?: string;

  @Field(() => Float, { nullable: true, description: "0 to 2; with null it is left to the provider." })
  @Nullable()
  @NumberBetween(0, 2)
  temperature?: number | null;

  @Field(() => Int, { nullable: true, description: "1 or more; with null it is left to the provider." })
  @Nullable()
  @IntegerBetween(1, maxTokens)
  maxOutputTokens?: number | null;

  @Field(() => Int, { nullable: true, description: "1 to 3600." })
  @Optional()
  @IntegerBetween(1, 3_600)
  timeoutSeconds?: number;

  @Field(() => OnInterrupt, { nullable: true })
  @Optional()
  @Required()
  onInterrupt?: OnInterrupt;

  @Field(() => [AgentToolInput], { nullable: true, description: toolsDescription })
  @Optional()
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
