import { Field, ID, InputType, ObjectType } from "type-graphql";
import { z } from "zod";
import { CreateNamedInput, IdInput, UpdateVersionedInput } from "../../schema-types/inputs";
import { countedConnectionOf } from "../../schema-types/pages";
import { name } from "../../schema-types/rules";
import { Rule } from "../../schema-types/validation";
import { KeyLimits } from "./key-limits.entity";
import { PermissionsInput } from "./permissions.entity";
import { ScopePreset } from "./scope-presets";
import { Scope } from "./scope.entity";
import { addressesDescription, addressList } from "./addresses";
import { tagList, tagsDescription } from "./tags";

@InputType()
export class CreateScopeInput extends CreateNamedInput {
  @Field(() => ID)
  appId!: string;

  @Field(() => PermissionsInput, { nullable: true, description: "Needed, unless a `preset` is given." })
  @Rule(z.instanceof(PermissionsInput).nullish())
  permissions?: PermissionsInput | null;

  @Field(() => ScopePreset, { nullable: true, description: "Instead of `permissions`: those of a preset." })
  @Rule(z.enum(ScopePreset).nullish())
  preset?: ScopePreset | null;

  @Field(() => KeyLimits, { nullable: true })
  @Rule(z.instanceof(KeyLimits).nullish())
  limits?: Partial<KeyLimits> | null;

  @Field(() => [String], { nullable: true, defaultValue: [], description: addressesDescription })
  @Rule(addressList)
  allowedAddresses!: string[];

  @Field(() => [String], { nullable: true, defaultValue: [], description: tagsDescription })
  @Rule(tagList)
  tags!: string[];
}

@InputType()
export class CloneScopeInput extends IdInput {
  @Field({ description: "The name of the new scope. CONFLICT if the name is taken." })
  @Rule(name())
  name!: string;
}

@InputType({ description: "A field that is left out stays as it is." })
export class UpdateScopeInput extends UpdateVersionedInput {
  @Field(() => PermissionsInput, { nullable: true, description: "Replaces all permissions of the scope." })
  @Rule(z.instanceof(PermissionsInput).optional())
  permissions?: PermissionsInput;

  @Field(() => KeyLimits, { nullable: true })
  @Rule(z.instanceof(KeyLimits).optional())
  limits?: Partial<KeyLimits>;

  @Field(() => [String], { nullable: true, description: `${addressesDescription} Replaces all of them.` })
  @Rule(addressList.optional())
  allowedAddresses?: string[];

  @Field(() => [String], { nullable: true, description: `${tagsDescription} Replaces all tags.` })
  @Rule(tagList.optional())
  tags?: string[];

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: "Whether to answer what the update would lead to, and change nothing.",
  })
  @Rule(z.boolean())
  dryRun!: boolean;
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
