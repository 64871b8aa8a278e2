import { Field, Float, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { Column, Entity, type ValueTransformer } from "typeorm";
import { AgentTool } from "./agent-tool.entity";
import { IdColumn, PrimaryIdColumn, StringColumn, TextColumn, TimestampColumn } from "../../platform/database/columns";

/** Null for agents that were made before there were tools. */
const toolsColumn: ValueTransformer = {
  to: (tools: AgentTool[] | undefined) => tools && JSON.stringify(tools),
  from: (text: string | null) => (text === null ? [] : (JSON.parse(text) as AgentTool[])),
};

export const OnInterrupt = { FAIL: "FAIL", RETRY: "RETRY" } as const;
export type OnInterrupt = keyof typeof OnInterrupt;
registerEnumType(OnInterrupt, {
  name: "OnInterrupt",
  description: "What becomes of a run that was being carried out when the server stopped or died.",
  valuesConfig: {
    FAIL: { description: "It ends as FAILED, with the error INTERRUPTED." },
    RETRY: {
      description:
        "It is begun again, up to three times in all, and ends as INTERRUPTED after that. Safe where it does no harm that the model is asked, and its provider paid, again, and that what it caused may happen twice.",
    },
  },
});

@Entity("agent")
@ObjectType()
export class Agent {
  @Field(() => ID)
  @PrimaryIdColumn()
  readonly id!: string;

  @IdColumn()
  readonly appId!: string;

  @Field({ description: "Unique within the app." })
  @StringColumn(120)
  readonly name!: string;

  @Field()
  @TextColumn()
  readonly description!: string;

  @Field({ description: "What the agent is told before the conversation: its system prompt." })
  @TextColumn()
  readonly instructions!: string;

  @Field({ description: "Which model answers: `builtin:extractive`, or `<connection>/<model>`." })
  @StringColumn(255)
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

  @Field(() => OnInterrupt)
  @StringColumn(16)
  readonly onInterrupt!: OnInterrupt;

  @Field(() => [AgentTool], { description: "What the model may do besides answering." })
  @TextColumn({ nullable: true, transformer: toolsColumn })
  readonly tools!: AgentTool[];

  @Field(() => Int, {
    description: "Counts the updates; send it back as `expectedVersion` so as not to overwrite somebody else's.",
  })
  @Column({ type: "int" })
  readonly version!: number;

  @Field()
  @TimestampColumn()
  readonly createdAt!: Date;

  @Field()
  @TimestampColumn()
  readonly updatedAt!: Date;
}
