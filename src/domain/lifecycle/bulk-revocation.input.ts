import { Arg, Field, ID, InputType, Int, ObjectType } from "type-graphql";
import { z } from "zod";
import { list, text } from "../../schema-types/rules";
import { Rule } from "../../schema-types/validation";
import { ApiKey, RevokedKeyRuns } from "../api-key/api-key.entity";
import { ApiKeyFilter } from "../api-key/api-key-filter";

const maxIds = 1_000;
const defaultDays = 30;
const maxDays = 36_500;
const dayMs = 86_400_000;

@InputType({ description: "Exactly one of `ids` and `filter` is needed." })
export class RevokeApiKeysInput {
  @Field(() => [ID], { nullable: true, description: `At most ${maxIds.toLocaleString("en")} keys, of any apps.` })
  @Rule(list("ids", maxIds, 1).nullish())
  ids?: string[] | null;

  @Field(() => ApiKeyFilter, {
    nullable: true,
    description: "The active keys of an app that match. At least one field is needed, such as `status`, for all keys.",
  })
  @Rule(z.instanceof(ApiKeyFilter).nullish())
  filter?: ApiKeyFilter | null;

  @Field(() => ID, { nullable: true, description: "Needed with `filter`." })
  appId?: string | null;

  @Field(() => RevokedKeyRuns, { nullable: true, defaultValue: RevokedKeyRuns.CANCEL })
  @Rule(z.enum(RevokedKeyRuns))
  runs!: RevokedKeyRuns;

  @Field(() => String, { nullable: true, description: "Why the keys are revoked, for people: up to 500 characters." })
  @Rule(text(500).nullish())
  reason?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: "Whether to tell what would be revoked, and change nothing.",
  })
  @Rule(z.boolean())
  dryRun!: boolean;
}

@ObjectType({ description: "The keys that were revoked or, in a dry run, would be." })
export class RevokeApiKeysPayload {
  readonly lastUses!: readonly (Date | null)[];

  @Field(() => Int, { description: "The number of keys. Keys that were revoked before do not count." })
  readonly count!: number;

  @Field(() => [ApiKey], { description: "The first 200 of them, newest first." })
  readonly keys!: readonly ApiKey[];

  @Field(() => Int, { description: "The number of streams that these keys had open on the instance that answers." })
  readonly streamsEnded!: number;

  @Field(() => Int, { description: "The number of unfinished runs of these keys; 0 with `runs: FINISH`." })
  readonly runsCancelled!: number;

  @Field(() => Date, {
    nullable: true,
    description: "The time from which the keys are refused, on every instance; null in a dry run.",
  })
  readonly refusedFrom!: Date | null;

  @Field(() => Int, { description: "The number of them that were used in the last `days` days." })
  usedInLastDays(@Arg("days", () => Int, { nullable: true, defaultValue: defaultDays }) days: number | null): number {
    const since = Date.now() - Math.min(Math.max(days ?? defaultDays, 0), maxDays) * dayMs;
    return this.lastUses.filter((lastUse) => lastUse !== null && lastUse.getTime() >= since).length;
  }
}
