import { Field, ID, InputType, Int, ObjectType } from "type-graphql";
import { countedConnectionOf } from "../database/pages";
import { LeftOutOr, Name, NotNull, Text, WholeNumber } from "../validation";
import { Agent } from "./agent.entity";

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
  @NotNull()
  model!: string;
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
  @NotNull()
  model?: string;
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
