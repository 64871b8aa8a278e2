import { Field, InputType, Int, ObjectType } from "type-graphql";
import { Column } from "typeorm";
import { integerBetween } from "../../schema-types/rules";
import { Rule } from "../../schema-types/validation";

const max = 2_000_000_000;

/** Both what an app has and what an input gives; an input has only the limits that it changes. */
@ObjectType({ description: "The limits that all runs of an app share. Null means no limit." })
@InputType("AppLimitsInput", { description: "A limit that is left out stays as it is; null removes it." })
export class AppLimits {
  @Field(() => Int, {
    nullable: true,
    description: "The number of runs that may be executed concurrently, at least 1. Further runs stay queued.",
  })
  @Rule(integerBetween(1, max).nullish())
  @Column({ name: "maxRunningRuns", type: "int", nullable: true })
  readonly runsAtOnce!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: "The number of runs that may be queued. An execution beyond it is refused with LIMIT_REACHED.",
  })
  @Rule(integerBetween(0, max).nullish())
  @Column({ name: "maxQueuedRuns", type: "int", nullable: true })
  readonly queuedRuns!: number | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "The number of tokens, input and output together, that models may use per day in UTC. Once they are used up, executions are refused with LIMIT_REACHED until midnight; runs that were accepted before are still executed.",
  })
  @Rule(integerBetween(0, max).nullish())
  @Column({ name: "maxTokensPerDay", type: "int", nullable: true })
  readonly tokensPerDay!: number | null;
}
