import { Field, InputType, ObjectType } from "type-graphql";
import { z } from "zod";
import { CreateNamedInput, IdInput, UpdateNamedInput } from "../../schema-types/inputs";
import { countedConnectionOf } from "../../schema-types/pages";
import { text } from "../../schema-types/rules";
import { Rule } from "../../schema-types/validation";
import { App } from "./app.entity";
import { AppLimitsInput } from "./app-limits.entity";

const eventUrlDescription =
  "A URL to post events of the app to: changes of its scopes and keys, uses of revoked keys and tripwires, and limits that are almost reached. Signed as callbacks are, with the same secret. http or https, up to 2,000 characters. Addresses outside the public network are refused unless the operator allows them. It cannot be read back.";

@InputType()
export class CreateAppInput extends CreateNamedInput {
  @Field(() => AppLimitsInput, { nullable: true })
  @Rule(z.instanceof(AppLimitsInput).nullish())
  limits?: Partial<AppLimitsInput> | null;

  @Field(() => String, { nullable: true, description: eventUrlDescription })
  @Rule(text(2_000).nullish())
  eventUrl?: string | null;
}

@InputType({ description: "A field that is left out stays as it is." })
export class UpdateAppInput extends UpdateNamedInput {
  @Field(() => AppLimitsInput, { nullable: true })
  @Rule(z.instanceof(AppLimitsInput).optional())
  limits?: Partial<AppLimitsInput>;

  @Field(() => String, {
    nullable: true,
    description: `${eventUrlDescription} Null: events are no longer posted, and those that are not delivered yet are cancelled.`,
  })
  @Rule(text(2_000).nullish())
  eventUrl?: string | null;
}

@InputType()
export class DeleteAppInput extends IdInput {}

export const AppConnection = countedConnectionOf(App, "AppConnection");

@ObjectType()
export class AppPayload {
  @Field(() => App)
  readonly app!: App;

  @Field(() => String, {
    nullable: true,
    description:
      "The secret that signs the app's callbacks and events, if this call has created it because the app has an `eventUrl` and had no secret. It is returned only once; `replaceCallbackSecret` replaces it.",
  })
  readonly callbackSecret!: string | null;
}
