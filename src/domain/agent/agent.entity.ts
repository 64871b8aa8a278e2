import { Field, Float, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { Column, Entity, type ValueTransformer } from "typeorm";
import { AgentTool } from "./agent-tool.entity";
import {
  IdColumn,
  PrimaryIdColumn,
  ShortTextColumn,
  StringColumn,
  TextColumn,
  TimestampColumn,
} from "../../platform/database/columns";

/** The column is null for agents that are older than the column. */
const toolsColumn: ValueTransformer = {
  to: (tools: AgentTool[] | undefined) => tools && JSON.stringify(tools),
  from: (text: string | null) => (text === null ? [] : (JSON.parse(text) as AgentTool[])),
};

export const OnInterrupt = { FAIL: "FAIL", RETRY: "RETRY" } as const;
export type OnInterrupt = keyof typeof OnInterrupt;
registerEnumType(OnInterrupt, {
  name: "OnInterrupt",
  description: "What happens to a run that was being executed when the server stopped or crashed.",
  valuesConfig: {
    FAIL: { description: "The run ends as FAILED with the error INTERRUPTED." },
    RETRY: {
      description:
        "The run is started again, for up to three attempts in all, and then ends as FAILED with the error INTERRUPTED. Choose it only if the model may be asked, and its provider paid, more than once, and if the calls of its tools may be repeated.",
    },
  },
});

const asNumber = {
  to: (value: boolean | undefined) => (value === undefined ? undefined : Number(value)),
  from: (value: number) => value === 1,
};

@Entity("agent")
@ObjectType({ description: "A language model with instructions, settings and tools." })
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
  @ShortTextColumn()
  readonly description!: string;

  @Field({ description: "The system prompt." })
  @TextColumn()
  readonly instructions!: string;

  @Field({ description: "The model that answers: `builtin:extractive`, or `<connection>/<model>`." })
  @StringColumn(255)
  readonly model!: string;

  @Field(() => Float, {
    nullable: true,
    description: "The sampling temperature, 0 to 2; null leaves it to the provider.",
  })
  @Column({ type: "double", nullable: true })
  readonly temperature!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: "The maximum number of tokens in an answer; null leaves it to the provider.",
  })
  @Column({ type: "int", nullable: true })
  readonly maxOutputTokens!: number | null;

  @Field(() => Int, { description: "The time that the model may take for an answer." })
  @Column({ type: "int" })
  readonly timeoutSeconds!: number;

  @Field(() => OnInterrupt)
  @StringColumn(16)
  readonly onInterrupt!: OnInterrupt;

  @Field(() => Boolean, { description: "Whether the agent is executed. CONFLICT for executions of one that is not." })
  @Column({ type: "int", transformer: asNumber })
  readonly enabled!: boolean;

  @Field(() => [AgentTool], { description: "The tools that the model may call." })
  @TextColumn({ nullable: true, transformer: toolsColumn })
  readonly tools!: AgentTool[];

  @Field(() => Int, {
    description:
      "Incremented by each update. Pass it as `expectedVersion` to avoid overwriting an update that you have not seen.",
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
