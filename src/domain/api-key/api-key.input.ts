import { ArgsType, Field, ID, InputType, Int, ObjectType } from "type-graphql";
import { z } from "zod";
import { IdInput } from "../../schema-types/inputs";
import { countedConnectionOf, PageArgs } from "../../schema-types/pages";
import { integerBetween, name, text } from "../../schema-types/rules";
import { Rule } from "../../schema-types/validation";
import { KeyLimits } from "../scope/key-limits.entity";
import { addressesDescription, addressList } from "../scope/addresses";
import { tagList, tagsDescription } from "../scope/tags";
import { ApiKey, ApiKeyStatus, RevokedKeyRuns } from "./api-key.entity";
import { ApiKeyFilter, ApiKeyOrder } from "./api-key-filter";

const nameDescription =
  "1 to 120 characters; white space around it is removed. CONFLICT if another active key of the scope has this name.";

const maxOverlapSeconds = 30 * 86_400;

const descriptionRule = text(2_000);
const owner = name();
const environment = name(64);

/** Fields that describe a key and have no effect. */
@InputType()
abstract class KeyRecordInput {
  @Field(() => String, { nullable: true, description: "The person or the team that has the key: 1 to 120 characters." })
  @Rule(owner.nullish())
  owner?: string | null;

  @Field(() => String, { nullable: true, description: "A label such as `production`: 1 to 64 characters." })
  @Rule(environment.nullish())
  environment?: string | null;
}

@InputType()
export class CreateApiKeyInput extends KeyRecordInput {
  @Field(() => ID)
  scopeId!: string;

  @Field({ description: nameDescription })
  @Rule(name())
  name!: string;

  @Field(() => KeyLimits, { nullable: true })
  @Rule(z.instanceof(KeyLimits).nullish())
  limits?: Partial<KeyLimits> | null;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description:
      "Makes a key that may do nothing, to be put where only an intruder finds it. Its use is logged, and in the audit log.",
  })
  tripwire!: boolean;

  @Field(() => String, { nullable: true, defaultValue: "", description: "Up to 2,000 characters." })
  @Rule(descriptionRule)
  description!: string;

  @Field(() => [String], { nullable: true, defaultValue: [], description: addressesDescription })
  @Rule(addressList)
  allowedAddresses!: string[];

  @Field(() => [String], { nullable: true, defaultValue: [], description: tagsDescription })
  @Rule(tagList)
  tags!: string[];
}

@InputType({
  description: "A field that is left out stays as it is; null removes the `owner` or the `environment`.",
})
export class UpdateApiKeyInput extends KeyRecordInput {
  @Field(() => ID)
  id!: string;

  @Field(() => String, { nullable: true, description: nameDescription })
  @Rule(name().optional())
  name?: string;

  @Field(() => KeyLimits, { nullable: true })
  @Rule(z.instanceof(KeyLimits).optional())
  limits?: Partial<KeyLimits>;

  @Field(() => String, { nullable: true, description: "Up to 2,000 characters." })
  @Rule(descriptionRule.optional())
  description?: string;

  @Field(() => [String], { nullable: true, description: `${addressesDescription} Replaces all of them.` })
  @Rule(addressList.optional())
  allowedAddresses?: string[];

  @Field(() => [String], { nullable: true, description: `${tagsDescription} Replaces all tags.` })
  @Rule(tagList.optional())
  tags?: string[];
}

@InputType()
export class RenameApiKeyInput extends IdInput {
  @Field({ description: nameDescription })
  @Rule(name())
  name!: string;
}

@InputType()
export class RevokeApiKeyInput extends IdInput {
  @Field(() => RevokedKeyRuns, {
    nullable: true,
    defaultValue: RevokedKeyRuns.CANCEL,
    description:
      "The fate of the key's unfinished runs. Revoking a revoked key with CANCEL cancels the runs that FINISH has left.",
  })
  @Rule(z.enum(RevokedKeyRuns))
  runs!: RevokedKeyRuns;

  @Field(() => String, { nullable: true, description: "Why the key is revoked, for people: up to 500 characters." })
  @Rule(text(500).nullish())
  reason?: string | null;
}

@InputType()
export class RotateApiKeyInput extends IdInput {
  @Field(() => Int, {
    nullable: true,
    defaultValue: 0,
    description: "For how long the old key stays valid: 0 to 2,592,000, which is 30 days.",
  })
  @Rule(integerBetween(0, maxOverlapSeconds))
  overlapSeconds!: number;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: "Whether the first use of the new key ends the old one, if that comes before the end of the overlap.",
  })
  @Rule(z.boolean())
  endOldOnFirstUse!: boolean;
}

@ArgsType()
export class ScopeApiKeysArgs extends PageArgs {
  @Field(() => ApiKeyStatus, { nullable: true })
  status?: ApiKeyStatus | null;
}

@ArgsType()
export class ApiKeysArgs extends ScopeApiKeysArgs {
  @Field(() => ID)
  appId!: string;

  @Field(() => ID, { nullable: true })
  scopeId?: string | null;

  @Field(() => ApiKeyFilter, { nullable: true })
  @Rule(z.instanceof(ApiKeyFilter).nullish())
  filter?: ApiKeyFilter | null;

  @Field(() => ApiKeyOrder, { nullable: true, description: "Newest first if it is left out." })
  @Rule(z.instanceof(ApiKeyOrder).nullish())
  orderBy?: ApiKeyOrder | null;
}

export const ApiKeyConnection = countedConnectionOf(ApiKey, "ApiKeyConnection");

@ObjectType()
export class ApiKeyPayload {
  @Field(() => ApiKey)
  readonly apiKey!: ApiKey;
}

@ObjectType()
export class CreateApiKeyPayload {
  @Field(() => ApiKey)
  readonly apiKey!: ApiKey;

  @Field({ description: "The key itself, to send in the header `x-api-key`. It is not stored and never shown again." })
  readonly secret!: string;
}

@ObjectType()
export class RotateApiKeyPayload {
  @Field(() => ApiKey, { description: "The new key. Its `predecessor` is the old one." })
  readonly apiKey!: ApiKey;

  @Field({ description: "The new key itself. It is not stored and never shown again." })
  readonly secret!: string;
}
