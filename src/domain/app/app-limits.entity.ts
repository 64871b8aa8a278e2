import { Field, InputType, Int, ObjectType } from "type-graphql";
import { Column } from "typeorm";
import { Nullable, IntegerBetween } from "../../schema-types/validation";

const most = 2_000_000_000;
const runsAtOnce = "Runs that are carried out at once, from 1; the others wait for their turn.";
const queuedRuns = "Runs that wait for their turn. An execution that finds as many waiting is refused.";
const tokensPerDay =
  "Tokens that models may take, input and output together, from midnight to midnight UTC. Once they are used up, executions are refused until the next day; what was accepted before is carried out.";

@ObjectType({ description: "What the runs of an app may take together. Null means no limit." })
export class AppLimits {
  @Field(() => Int, { nullable: true, description: runsAtOnce })
  @Column({ name: "maxRunningRuns", type: "int", nullable: true })
  readonly runsAtOnce!: number | null;

  @Field(() => Int, { nullable: true, description: queuedRuns })
  @Column({ name: "maxQueuedRuns", type: "int", nullable: true })
  readonly queuedRuns!: number | null;

  @Field(() => Int, { nullable: true, description: tokensPerDay })
  @Column({ name: "maxTokensPerDay", type: "int", nullable: true })
  readonly tokensPerDay!: number | null;
}

@InputType({ description: "What is left out stays as it is; null takes a limit away." })
export class AppLimitsInput {
  @Field(() => Int, { nullable: true, description: runsAtOnce })
  @Nullable()
  @IntegerBetween(1, most)
  runsAtOnce?: number | null;

  @Field(() => Int, { nullable: true, description: queuedRuns })
  @Nullable()
  @IntegerBetween(0, most)
  queuedRuns?: number | null;

  @Field(() => Int, { nullable: true, description: tokensPerDay })
  @Nullable()
  @IntegerBetween(0, most)
  tokensPerDay?: number | null;
}
