import { Field, InputType, ObjectType } from "type-graphql";
import { IdInput } from "../../schema-types/inputs";
import { connectionOf } from "../../schema-types/pages";
import { ConsoleSession } from "./console-session.entity";

@InputType()
export class EndConsoleSessionInput extends IdInput {}

export const ConsoleSessionConnection = connectionOf(ConsoleSession, "ConsoleSessionConnection");

@ObjectType()
export class ConsoleSessionPayload {
  @Field(() => ConsoleSession)
  readonly consoleSession!: ConsoleSession;
}
