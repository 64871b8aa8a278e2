import { GraphQLJSONObject } from "graphql-scalars";
import { Field, ID, InputType, ObjectType } from "type-graphql";
import { connectionOf, countedConnectionOf } from "../../schema-types/pages";
import { json, reference } from "../../schema-types/rules";
import { Rule } from "../../schema-types/validation";
import { Message } from "./message.entity";
import { type JsonObject, Session, SessionStatus } from "./session.entity";

@InputType({ description: "A session must match every field that is given; null and left out mean the same." })
export class SessionFilter {
  @Field(() => SessionStatus, { nullable: true })
  status?: SessionStatus | null;

  @Field(() => String, {
    nullable: true,
    description: "As an execution by the same caller would find it; see `Session.reference`.",
  })
  reference?: string | null;

  @Field(() => String, { nullable: true })
  userReference?: string | null;

  @Field(() => Date, { nullable: true, description: "Exclusive." })
  createdAfter?: Date | null;

  @Field(() => Date, { nullable: true, description: "Exclusive." })
  createdBefore?: Date | null;
}

/** The properties that a session gets when it is opened. */
@InputType()
abstract class NewSession {
  @Field(() => String, {
    nullable: true,
    description: "Your own name for the session: 1 to 255 characters, compared byte for byte.",
  })
  @Rule(reference.nullish())
  reference?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "Your own name for the user the session belongs to: 1 to 255 characters, compared byte for byte.",
  })
  @Rule(reference.nullish())
  userReference?: string | null;

  @Field(() => GraphQLJSONObject, {
    nullable: true,
    description: "Any JSON object of up to 16,000 characters, stored with the session.",
  })
  @Rule(json(16_000).nullish())
  metadata?: JsonObject | null;
}

@InputType()
export class CreateSessionInput extends NewSession {
  @Field(() => ID, { nullable: true, description: "Needed only by an administrator; a key belongs to one app." })
  appId?: string | null;
}

@InputType({
  description:
    "The session to execute in. With `id`: that session; NOT_FOUND if it does not exist. Otherwise with `reference`: the active session with this reference, which is opened if there is none. Otherwise: a new session. If an existing session belongs to another `userReference` than the given one, it is NOT_FOUND. A session that has a `userReference` is found by its `reference` only if the same `userReference` is given. `userReference` and `metadata` are stored with a session that is opened, and do not change an existing one.",
})
export class SessionRefInput extends NewSession {
  @Field(() => ID, { nullable: true })
  id?: string | null;
}

@InputType({ description: "Exactly one of `id` and `reference` is needed." })
export class TerminateSessionInput {
  @Field(() => ID, { nullable: true })
  id?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "Means the active session with this reference or, if there is none, the newest terminated one.",
  })
  reference?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "Needed with a `reference` if the session has a `userReference`; NOT_FOUND if they differ.",
  })
  @Rule(reference.nullish())
  userReference?: string | null;

  @Field(() => ID, { nullable: true, description: "Needed only by an administrator who passes a `reference`." })
  appId?: string | null;
}

export const SessionConnection = countedConnectionOf(Session, "SessionConnection");
export const MessageConnection = connectionOf(Message, "MessageConnection");

@ObjectType()
export class SessionPayload {
  @Field(() => Session)
  readonly session!: Session;
}
