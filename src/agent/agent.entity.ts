import { Field, Float, ID, Int, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn, type ValueTransformer } from "typeorm";
import { AgentTool } from "./agent-tool.entity";

/** Null for agents that were made before there were tools. */
const toolsColumn: ValueTransformer = {
  to: (tools: AgentTool[] | undefined) => tools && JSON.stringify(tools),
  from: (text: string | null) => (text === null ? [] : (JSON.parse(text) as AgentTool[])),
};

@Entity("agent")
@ObjectType()
export class Agent {
  @Field(() => ID)
  @PrimaryColumn({ type: "varchar", length: 36 })
  readonly id!: string;

  @Column({ type: "varchar", length: 36 })
  readonly appId!: string;

  @Field({ description: "Unique within the app." })
  @Column({ type: "varchar", length: 120 })
  readonly name!: string;

  @Field()
  @Column({ type: "text" })
  readonly description!: string;

  @Field({ description: "What the agent is told before the conversation: its system prompt." })
  @Column({ type: "text" })
  readonly instructions!: string;

  @Field({ description: "Which model answers: `builtin:extractive`, or `<connection>/<model>`." })
  @Column({ type: "varchar", length: 255 })
  readonly model!: string;

  @Field(() => Float, {
    nullable: true,
    description: "How freely the model chooses its words; null leaves it to the provider.",
  })
  @Column({ type: "double", nullable: true })
  readonly temperature!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: "The most tokens that an answer may have; null leaves it to the provider.",
  })
  @Column({ type: "int", nullable: true })
  readonly maxOutputTokens!: number | null;

  @Field(() => Int, { description: "How long a model may take for an answer." })
  @Column({ type: "int" })
  readonly timeoutSeconds!: number;

  @Field(() => [AgentTool], { description: "What the model may do besides answering." })
  @Column({ type: "text", nullable: true, transformer: toolsColumn })
  readonly tools!: AgentTool[];

  @Field(() => Int, {
    description: "Counts the updates; send it back as `expectedVersion` so as not to overwrite somebody else's.",
  })
  @Column({ type: "int" })
  readonly version!: number;

  @Field()
  @Column({ type: "datetime", precision: 3 })
  readonly createdAt!: Date;

  @Field()
  @Column({ type: "datetime", precision: 3 })
  readonly updatedAt!: Date;
}
