import { ArgsType, Field, ID, InputType, ObjectType } from "type-graphql";
import { z } from "zod";
import { AdministratorRole } from "../../auth/permissions";
import { IdInput } from "../../schema-types/inputs";
import { countedConnectionOf, PageArgs } from "../../schema-types/pages";
import { list, name, text } from "../../schema-types/rules";
import { Rule } from "../../schema-types/validation";
import { Administrator, AdministratorStatus } from "./administrator.entity";

/** Apps of one administrator. */
const maxApps = 100;

const nameDescription =
  "1 to 120 characters; white space around it is removed. Not `administrator`, which is the name of the root key. CONFLICT if another active administrator has it.";
const appIdsDescription = `Up to ${maxApps} apps to confine the administrator to; null for all apps.`;

const administratorName = name().refine(
  (value) => value.toLowerCase() !== "administrator",
  "must not be `administrator`, which is the name of the root key",
);
const appIds = list("apps", maxApps, 1).nullish();

@InputType()
export class CreateAdministratorInput {
  @Field({ description: nameDescription })
  @Rule(administratorName)
  name!: string;

  @Field(() => AdministratorRole)
  @Rule(z.enum(AdministratorRole))
  role!: AdministratorRole;

  @Field(() => [ID], { nullable: true, description: appIdsDescription })
  @Rule(appIds)
  appIds?: string[] | null;
}

@InputType({ description: "A field that is left out stays as it is; null as `appIds` means all apps." })
export class UpdateAdministratorInput extends IdInput {
  @Field(() => String, { nullable: true, description: nameDescription })
  @Rule(administratorName.optional())
  name?: string;

  @Field(() => AdministratorRole, { nullable: true })
  @Rule(z.enum(AdministratorRole).optional())
  role?: AdministratorRole;

  @Field(() => [ID], { nullable: true, description: appIdsDescription })
  @Rule(appIds)
  appIds?: string[] | null;
}

@InputType()
export class RotateAdministratorKeyInput extends IdInput {}

@InputType()
export class RevokeAdministratorInput extends IdInput {
  @Field(() => String, { nullable: true, description: "Why, for people: up to 500 characters." })
  @Rule(text(500).nullish())
  reason?: string | null;
}

@InputType({ description: "Administrators that meet all conditions which are given." })
export class AdministratorFilter {
  @Field(() => AdministratorStatus, { nullable: true })
  status?: AdministratorStatus | null;

  @Field(() => AdministratorRole, { nullable: true })
  role?: AdministratorRole | null;
}

@ArgsType()
export class AdministratorsArgs extends PageArgs {
  @Field(() => AdministratorFilter, { nullable: true })
  @Rule(z.instanceof(AdministratorFilter).nullish())
  filter?: AdministratorFilter | null;
}

export const AdministratorConnection = countedConnectionOf(Administrator, "AdministratorConnection");

@ObjectType()
export class AdministratorPayload {
  @Field(() => Administrator)
  readonly administrator!: Administrator;
}

@ObjectType()
export class AdministratorSecretPayload extends AdministratorPayload {
  @Field({
    description: "The key itself, to send as `authorization: Bearer ...`. It is not stored and never shown again.",
  })
  readonly secret!: string;
}
