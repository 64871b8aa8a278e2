import { ValidateNested } from "class-validator";
import { Field, ID, InputType, ObjectType } from "type-graphql";
import { countedConnectionOf } from "../../schema-types/pages";
import { Optional, Name, Required, Text } from "../../schema-types/validation";
import { PermissionsInput } from "./permissions.entity";
import { Scope } from "./scope.entity";

@InputType()
export class CreateScopeInput {
  @Field(() => ID)
  appId!: string;

  @Field({ description: "Unique within the app. 1 to 120 characters, trimmed." })
  @Name()
  name!: string;

  @Field(() => String, { nullable: true, defaultValue: "", description: "Up to 2,000 characters." })
  @Text(2_000)
  description!: string;

  @Field()
  @ValidateNested()
  permissions!: PermissionsInput;
}

@InputType({ description: "What is left out stays as it is; `permissions` is replaced whole." })
export class UpdateScopeInput {
  @Field(() => ID)
  id!: string;

  @Field(() => String, { nullable: true })
  @Optional()
  @Name()
  name?: string;

  @Field(() => String, { nullable: true })
  @Optional()
  @Text(2_000)
  description?: string;

  @Field(() => PermissionsInput, { nullable: true })
  @Optional()
  @Required()
  @ValidateNested()
  permissions?: PermissionsInput;
}

@InputType()
export class DeleteScopeInput {
  @Field(() => ID)
  id!: string;

  @Field(() => Boolean, { nullable: true, defaultValue: false })
  @Required()
  revokeKeys!: boolean;
}

export const ScopeConnection = countedConnectionOf(Scope, "ScopeConnection");

@ObjectType()
export class ScopePayload {
  @Field(() => Scope)
  readonly scope!: Scope;
}
