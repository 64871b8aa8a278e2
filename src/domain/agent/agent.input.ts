import { Field, Float, ID, InputType, Int, ObjectType } from "type-graphql";
import { z } from "zod";
import { CreateNamedInput, IdInput, UpdateVersionedInput } from "../../schema-types/inputs";
import { countedConnectionOf } from "../../schema-types/pages";
import { withStoredConnection } from "../../model/catalog";
import { integerBetween, list, numberBetween, text } from "../../schema-types/rules";
import { Rule } from "../../schema-types/validation";
import { Agent, OnInterrupt } from "./agent.entity";
import { AgentToolInput } from "./agent-tool.input";

const descriptions = {
  instructions: "The system prompt. Up to 100,000 characters unless configured otherwise.",
  model: "`builtin:extractive`, or `<connection>/<model>`. Up to 255 characters.",
  temperature: "0 to 2; null leaves it to the provider.",
  maxOutputTokens: "1 to 10,000,000; null leaves it to the provider.",
  timeoutSeconds: "1 to 3,600.",
  enabled: "Whether the agent is executed. Runs that were accepted before it is switched off are executed.",
  tools:
    "Up to 10 MCP servers (streamable HTTP) whose tools the model may call. Each tool name may occur only once among all servers. `builtin:extractive` uses no tools.",
};

const rules = {
  /** Its length is bounded by the limit for every text. */
  instructions: z.string(),
  model: z.string("must be a text").overwrite(withStoredConnection).pipe(text(255)),
  temperature: numberBetween(0, 2).nullish(),
  maxOutputTokens: integerBetween(1, 10_000_000).nullish(),
  timeoutSeconds: integerBetween(1, 3_600),
  onInterrupt: z.enum(OnInterrupt),
  tools: list("servers", 10),
};

@InputType()
export class CreateAgentInput extends CreateNamedInput {
  @Field(() => ID, { nullable: true, description: "Needed only by an administrator; a key belongs to one app." })
  appId?: string | null;

  @Field(() => String, { nullable: true, defaultValue: "", description: descriptions.instructions })
  @Rule(rules.instructions)
  instructions!: string;

  @Field(() => String, { nullable: true, defaultValue: "builtin:extractive", description: descriptions.model })
  @Rule(rules.model)
  model!: string;

  @Field(() => Float, { nullable: true, description: descriptions.temperature })
  @Rule(rules.temperature)
  temperature?: number | null;

  @Field(() => Int, { nullable: true, description: descriptions.maxOutputTokens })
  @Rule(rules.maxOutputTokens)
  maxOutputTokens?: number | null;

  @Field(() => Int, { nullable: true, defaultValue: 120, description: descriptions.timeoutSeconds })
  @Rule(rules.timeoutSeconds)
  timeoutSeconds!: number;

  @Field(() => OnInterrupt, { nullable: true, defaultValue: OnInterrupt.FAIL })
  @Rule(rules.onInterrupt)
  onInterrupt!: OnInterrupt;

  @Field(() => Boolean, { nullable: true, defaultValue: true, description: descriptions.enabled })
  @Rule(z.boolean())
  enabled!: boolean;

  @Field(() => [AgentToolInput], { nullable: true, defaultValue: [], description: descriptions.tools })
  @Rule(rules.tools)
  tools!: AgentToolInput[];
}

@InputType({ description: "A field that is left out stays as it is." })
export class UpdateAgentInput extends UpdateVersionedInput {
  @Field(() => String, { nullable: true, description: descriptions.instructions })
  @Rule(rules.instructions.optional())
  instructions?: string;

  @Field(() => String, { nullable: true, description: descriptions.model })
  @Rule(rules.model.optional())
  model?: string;

  @Field(() => Float, { nullable: true, description: descriptions.temperature })
  @Rule(rules.temperature)
  temperature?: number | null;

  @Field(() => Int, { nullable: true, description: descriptions.maxOutputTokens })
  @Rule(rules.maxOutputTokens)
  maxOutputTokens?: number | null;

  @Field(() => Int, { nullable: true, description: descriptions.timeoutSeconds })
  @Rule(rules.timeoutSeconds.optional())
  timeoutSeconds?: number;

  @Field(() => OnInterrupt, { nullable: true })
  @Rule(rules.onInterrupt.optional())
  onInterrupt?: OnInterrupt;

  @Field(() => Boolean, { nullable: true, description: descriptions.enabled })
  @Rule(z.boolean().optional())
  enabled?: boolean;

  @Field(() => [AgentToolInput], {
    nullable: true,
    description: `Replaces all servers of the agent. ${descriptions.tools}`,
  })
  @Rule(rules.tools.optional())
  tools?: AgentToolInput[];
}

@InputType()
export class DeleteAgentInput extends IdInput {}

export const AgentConnection = countedConnectionOf(Agent, "AgentConnection");

@ObjectType()
export class AgentPayload {
  @Field(() => Agent)
  readonly agent!: Agent;
}
