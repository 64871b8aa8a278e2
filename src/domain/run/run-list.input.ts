import { ArgsType, Field, ID, InputType } from "type-graphql";
import { countedConnectionOf, PageArgs } from "../../schema-types/pages";
import { Run, RunStatus } from "./run.entity";

@InputType({
  description:
    "A run must match every field that is given; null and left out mean the same. At most one of `agentId` and `apiKeyId`.",
})
export class RunFilter {
  @Field(() => ID, { nullable: true })
  agentId?: string | null;

  @Field(() => ID, { nullable: true, description: "The key that started the run." })
  apiKeyId?: string | null;

  @Field(() => RunStatus, { nullable: true })
  status?: RunStatus | null;

  @Field(() => Date, { nullable: true, description: "Exclusive." })
  createdAfter?: Date | null;

  @Field(() => Date, { nullable: true, description: "Exclusive." })
  createdBefore?: Date | null;
}

@ArgsType()
export class RunListArgs extends PageArgs {
  @Field(() => ID)
  appId!: string;

  @Field(() => RunFilter, { nullable: true })
  filter?: RunFilter | null;
}

export const CountedRunConnection = countedConnectionOf(Run, "CountedRunConnection");
