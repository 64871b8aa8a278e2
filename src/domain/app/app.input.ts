import { ValidateNested } from "class-validator";
import { Field, ID, InputType, ObjectType } from "type-graphql";
import { countedConnectionOf } from "../../schema-types/pages";
import { Optional, Name, Required, Nullable, Text } from "../../schema-types/validation";
import { App } from "./app.entity";
import { AppLimitsInput } from "./app-limits.entity";

@InputType()
export class CreateAppInput {
  @Field({ description: "Unique. 1 to 120 characters, trimmed." })
  @Name()
  name!: string;

  @Field(() => String, { nullable: true, defaultValue: "", description: "Up to 2,000 characters." })
  @Text(2_000)
  description!: string;

  @Field(() => AppLimitsInput, { nullable: true })
  @Nullable()
  @ValidateNested()
  limits?: AppLimitsInput | null;
}

@InputType()
export class UpdateAppInput {
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

  @Field(() => AppLimitsInput, { nullable: true })
  @Optional()
  @Required()
  @ValidateNested()
  limits?: AppLimitsInput;
}

@InputType()
export class DeleteAppInput {
  @Field(() => ID)
  id!: string;
}

export const AppConnection = countedConnectionOf(App, "AppConnection");

@ObjectType()
export class AppPayload {
  @Field(() => App)
  readonly app!: App;
}
