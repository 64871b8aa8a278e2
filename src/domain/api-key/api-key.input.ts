import { ArgsType, Field, ID, InputType, ObjectType } from "type-graphql";
import { IdInput } from "../../schema-types/inputs";
import { countedConnectionOf, PageArgs } from "../../schema-types/pages";
import { name } from "../../schema-types/rules";
import { Rule } from "../../schema-types/validation";
import { ApiKey, ApiKeyStatus } from "./api-key.entity";

const nameDescription =
  "1 to 120 characters; white space around it is removed. CONFLICT if another active key of the scope has this name.";

@InputType()
export class CreateApiKeyInput {
  @Field(() => ID)
  scopeId!: string;

  @Field({ description: nameDescription })
  @Rule(name())
  name!: string;
}

@InputType()
export class RenameApiKeyInput extends IdInput {
  @Field({ description: nameDescription })
  @Rule(name())
  name!: string;
}

@InputType()
export class RevokeApiKeyInput extends IdInput {}

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
