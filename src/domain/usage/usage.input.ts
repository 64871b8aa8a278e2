import { GraphQLSafeInt } from "graphql-scalars";
import { ArgsType, Field, Float, ID, ObjectType, registerEnumType } from "type-graphql";
import { z } from "zod";
import { Rule } from "../../schema-types/validation";
import { verdicts } from "./operation-report";

export const UsageGroup = {
  KEY: "KEY",
  SCOPE: "SCOPE",
  AGENT: "AGENT",
  PERMISSION: "PERMISSION",
  FIELD: "FIELD",
  OPERATION: "OPERATION",
  VERDICT: "VERDICT",
  DAY: "DAY",
  HOUR: "HOUR",
} as const;
export type UsageGroup = (typeof UsageGroup)[keyof typeof UsageGroup];

registerEnumType(UsageGroup, {
  name: "UsageGroup",
  description: "A dimension by which usage is grouped.",
  valuesConfig: {
    AGENT: { description: "Of runs alone. Goes together with KEY, SCOPE, DAY and HOUR." },
    PERMISSION: { description: "A request counts for each permission that its operation requires." },
    FIELD: { description: "A request counts for each field of its operation that requires a permission." },
    OPERATION: { description: "Two documents that differ only in values, aliases or white space are one operation." },
    DAY: { description: "In UTC." },
    HOUR: { description: "In UTC." },
  },
});

export const UsageVerdict = Object.fromEntries(verdicts.map((verdict) => [verdict, verdict])) as {
  readonly [Verdict in (typeof verdicts)[number]]: Verdict;
};
registerEnumType(UsageVerdict, {
  name: "UsageVerdict",
  description: "Whether a request was executed, or why it was not.",
  valuesConfig: {
    ALLOWED: { description: "It was executed; it may have had errors." },
    UNAUTHENTICATED: { description: "The key was revoked while the request was executed." },
    FORBIDDEN: { description: "The scope lacks a permission." },
    INVALID: { description: "It was no valid operation." },
    LIMITED: { description: "It exceeded a rate or a limit before it was executed." },
    FAILED: { description: "The server could not look at it." },
  },
});

@ArgsType()
export class KeyUsageArgs {
  @Field(() => Date, { nullable: true, description: "The start of its hour counts; 30 days before `to` if left out." })
  from?: Date | null;

  @Field(() => Date, { nullable: true, description: "Exclusive; the end of its hour counts. Now if left out." })
  to?: Date | null;
}

@ArgsType()
export class AppUsageArgs extends KeyUsageArgs {
  @Field(() => ID)
  appId!: string;

  @Field(() => ID, { nullable: true, description: "Counts this key alone." })
  apiKeyId?: string | null;

  @Field(() => [UsageGroup], {
    nullable: true,
    defaultValue: [],
    description: "The dimensions to group by: there is a row for each combination of their values.",
  })
  @Rule(z.array(z.enum(UsageGroup)).max(9).optional())
  groupBy!: UsageGroup[];
}

@ObjectType({ description: "The parts of an operation and its requirements." })
export class OperationRequirement {
  @Field(() => String, { description: "Such as `Query.agents`." })
  readonly field!: string;

  @Field(() => String, { description: "As in the `required` of a FORBIDDEN error, such as `VIEW`." })
  readonly requires!: string;
}

@ObjectType({ description: "An operation that keys of an app have sent." })
export class UsageOperation {
  @Field(() => ID, {
    description: "`other` stands for all operations beyond the 1,000 that are told apart for an app.",
  })
  readonly hash!: string;

  @Field(() => String, { nullable: true, description: "`query`, `mutation` or `subscription`." })
  readonly kind!: string | null;

  @Field(() => String, { nullable: true, description: "The name that the client has given." })
  readonly name!: string | null;

  @Field(() => [OperationRequirement], {
    description: "The permissions that its fields require, those included that a directive may leave out.",
  })
  readonly requirements!: readonly OperationRequirement[];
}

@ObjectType()
export class UsageDuration {
  @Field(() => Float, { description: "The median." })
  readonly p50Ms!: number;

  @Field(() => Float, { description: "The 95th percentile." })
  readonly p95Ms!: number;
}

const ofRequests = "Null if rows are told apart by AGENT.";
const ofRuns = "Null if rows are told apart by OPERATION, FIELD, PERMISSION or VERDICT.";

@ObjectType({ description: "Counts of a period." })
export class UsageCounts {
  @Field(() => GraphQLSafeInt, { nullable: true, description: `Requests and operations of streams. ${ofRequests}` })
  readonly requests!: number | null;

  @Field(() => GraphQLSafeInt, { nullable: true, description: `Requests that were not executed. ${ofRequests}` })
  readonly refusals!: number | null;

  @Field(() => GraphQLSafeInt, {
    nullable: true,
    description: `Requests that were executed and had errors. ${ofRequests}`,
  })
  readonly errors!: number | null;

  @Field(() => UsageDuration, {
    nullable: true,
    description:
      "How long queries and mutations took that were executed, estimated from buckets that double. Null if there are none.",
  })
  readonly duration!: UsageDuration | null;

  @Field(() => GraphQLSafeInt, { nullable: true, description: `Runs that have ended. ${ofRuns}` })
  readonly runs!: number | null;

  @Field(() => GraphQLSafeInt, { nullable: true, description: `Of these, those that have failed. ${ofRuns}` })
  readonly failedRuns!: number | null;

  @Field(() => GraphQLSafeInt, { nullable: true, description: `The tokens of runs. ${ofRuns}` })
  readonly inputTokens!: number | null;

  @Field(() => GraphQLSafeInt, { nullable: true, description: `The tokens of runs. ${ofRuns}` })
  readonly outputTokens!: number | null;
}

@ObjectType({ description: "The counts of one group. A field that it is not told apart by is null." })
export class UsageRow extends UsageCounts {
  @Field(() => Date, { nullable: true, description: "The start of the day or of the hour." })
  readonly from!: Date | null;

  @Field(() => ID, {
    nullable: true,
    description: "Also null for the runs of administrators, and for keys that were too many to be told apart.",
  })
  readonly apiKeyId!: string | null;

  @Field(() => ID, { nullable: true })
  readonly scopeId!: string | null;

  @Field(() => ID, { nullable: true, description: "The agent may have been deleted since." })
  readonly agentId!: string | null;

  @Field(() => String, { nullable: true, description: "As in the `required` of a FORBIDDEN error, such as `VIEW`." })
  readonly permission!: string | null;

  @Field(() => String, { nullable: true, description: "Such as `Query.agents`." })
  readonly field!: string | null;

  @Field(() => UsageOperation, { nullable: true, description: "Also null for requests without a valid operation." })
  readonly operation!: UsageOperation | null;

  @Field(() => UsageVerdict, { nullable: true })
  readonly verdict!: (typeof verdicts)[number] | null;
}

@ObjectType({
  description: "The usage of keys in a period. Requests of administrators are not counted, their runs are.",
})
export class UsageReport {
  @Field(() => Date, { description: "The start of the first hour." })
  readonly from!: Date;

  @Field(() => Date, { description: "The end of the last hour." })
  readonly to!: Date;

  @Field(() => Date, { description: "From when on there are counts. What was done earlier is not known." })
  readonly dataSince!: Date;

  @Field(() => UsageCounts)
  readonly total!: UsageCounts;

  @Field(() => [UsageRow], {
    description:
      "At most 1,000: in the order of time if they are told apart by it, those with the most requests first.",
  })
  readonly rows!: readonly UsageRow[];

  @Field(() => Boolean, { description: "Whether there are more rows. Ask for a shorter period or for one key." })
  readonly hasMoreRows!: boolean;
}
