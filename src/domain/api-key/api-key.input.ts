import { ArgsType, Field, ID, InputType, ObjectType } from "type-graphql";
import { countedConnectionOf, PageArgs } from "../../schema-types/pages";
import { Name } from "../../schema-types/validation";
import { ApiKey, ApiKeyStatus } from "./api-key.entity";

@InputType({ description: "The name is unique among the scope's active keys." })
export class CreateApiKeyInput {
  @Field(() => ID)
  scopeId!: string;

  @Field({ description: "1 to 120 characters, trimmed." })
  @Name()
  name!: string;
}

@InputType()
export class RenameApiKeyInput {
  @Field(() => ID)
  id!: string;

  @Field()
  @Name()
  name!: string;
}

@InputType()
export class RevokeApiKeyInput {
  @Field(() => ID)
  id!: string;
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

  @Field({ description: "The key itself, to send in `x-api-key`. It isn't stored and can't be shown again." })
  readonly secret!: string;
}
