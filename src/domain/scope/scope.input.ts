import { Field, ID, InputType, ObjectType } from "type-graphql";
import { z } from "zod";
import { CreateNamedInput, IdInput, UpdateNamedInput } from "../../schema-types/inputs";
import { countedConnectionOf } from "../../schema-types/pages";
import { Rule } from "../../schema-types/validation";
import { PermissionsInput } from "./permissions.entity";
import { Scope } from "./scope.entity";

@InputType()
export class CreateScopeInput extends CreateNamedInput {
  @Field(() => ID)
  appId!: string;

  @Field()
  @Rule(z.instanceof(PermissionsInput))
  permissions!: PermissionsInput;
}

@InputType({ description: "A field that is left out stays as it is." })
export class UpdateScopeInput extends UpdateNamedInput {
  @Field(() => PermissionsInput, { nullable: true, description: "Replaces all permissions of the scope." })
  @Rule(z.instanceof(PermissionsInput).optional())
  permissions?: PermissionsInput;
}

@InputType()
export class DeleteScopeInput extends IdInput {
  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: "Whether to revoke the active keys of the scope. Without it, a scope with active keys is not deleted.",
  })
  @Rule(z.boolean())
  revokeKeys!: boolean;
}

export const ScopeConnection = countedConnectionOf(Scope, "ScopeConnection");

@ObjectType()
export class ScopePayload {
  @Field(() => Scope)
  readonly scope!: Scope;
}
