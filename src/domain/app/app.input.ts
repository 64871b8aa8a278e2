import { Field, InputType, ObjectType } from "type-graphql";
import { z } from "zod";
import { CreateNamedInput, IdInput, UpdateNamedInput } from "../../schema-types/inputs";
import { countedConnectionOf } from "../../schema-types/pages";
import { Rule } from "../../schema-types/validation";
import { App } from "./app.entity";
import { AppLimits } from "./app-limits.entity";

@InputType()
export class CreateAppInput extends CreateNamedInput {
  @Field(() => AppLimits, { nullable: true })
  @Rule(z.instanceof(AppLimits).nullish())
  limits?: Partial<AppLimits> | null;
}

@InputType({ description: "A field that is left out stays as it is." })
export class UpdateAppInput extends UpdateNamedInput {
  @Field(() => AppLimits, { nullable: true })
  @Rule(z.instanceof(AppLimits).optional())
  limits?: Partial<AppLimits>;
}

@InputType()
export class DeleteAppInput extends IdInput {}

export const AppConnection = countedConnectionOf(App, "AppConnection");

@ObjectType()
export class AppPayload {
  @Field(() => App)
  readonly app!: App;
}
