import { GraphQLJSONObject } from "graphql-scalars";
import { Field, ID, InputType, ObjectType } from "type-graphql";
import { connectionOf, countedConnectionOf } from "../../schema-types/pages";
import { Json, Nullable, Reference } from "../../schema-types/validation";
import { Message } from "./message.entity";
import { type JsonObject, Session, SessionStatus } from "./session.entity";

@InputType()
export class SessionFilter {
  @Field(() => SessionStatus, { nullable: true })
  status?: SessionStatus | null;

  @Field(() => String, { nullable: true })
  reference?: string | null;

  @Field(() => String, { nullable: true })
  userReference?: string | null;

  @Field(() => Date, { nullable: true })
  createdAfter?: Date | null;

  @Field(() => Date, { nullable: true })
  createdBefore?: Date | null;
}

/** What a session may be given when it is opened. */
@InputType()
abstract class NewSession {
  @Field(() => String, { nullable: true, description: "1 to 255 characters, compared byte for byte." })
  @Nullable()
  @Reference()
  reference?: string | null;

  @Field(() => String, { nullable: true, description: "1 to 255 characters, compared byte for byte." })
  @Nullable()
  @Reference()
  userReference?: string | null;

  @Field(() => GraphQLJSONObject, { nullable: true, description: "Up to 16,000 characters of JSON." })
  @Nullable()
  @Json(16_000)
  metadata?: JsonObject | null;
}

@InputType()
export class CreateSessionInput extends NewSession {
  @Field(() => ID, { nullable: true })
  appId?: string | null;
}

@InputType({
  description:
    "Which session to execute in. With `id`: that one, and NOT_FOUND if there is none. Else with `reference`: the active session of that reference, opened if there is none. Else a new session. A `userReference` beside either must be the owner's (NOT_FOUND otherwise), and is the owner of a session that is opened.",
})
export class SessionRefInput extends NewSession {
  @Field(() => ID, { nullable: true })
  id?: string | null;
}

@InputType({ description: "One of the two." })
export class TerminateSessionInput {
  @Field(() => ID, { nullable: true })
  id?: string | null;

  @Field(() => String, { nullable: true })
  reference?: string | null;

  @Field(() => ID, { nullable: true })
  appId?: string | null;
}

export const SessionConnection = countedConnectionOf(Session, "SessionConnection");
export const MessageConnection = connectionOf(Message, "MessageConnection");

@ObjectType()
export class SessionPayload {
  @Field(() => Session)
  readonly session!: Session;
}
