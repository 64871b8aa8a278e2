import { Field, ID, ObjectType, registerEnumType } from "type-graphql";
import { Entity } from "typeorm";
import { IdColumn, PrimaryIdColumn, StringColumn, TextColumn, TimestampColumn } from "../../platform/database/columns";

export const MessageRole = { USER: "USER", AGENT: "AGENT" } as const;
export type MessageRole = keyof typeof MessageRole;
registerEnumType(MessageRole, { name: "MessageRole" });

@Entity("message")
@ObjectType({ description: "A message of a session." })
export class Message {
  @Field(() => ID)
  @PrimaryIdColumn()
  readonly id!: string;

  @IdColumn()
  readonly sessionId!: string;

  @Field(() => MessageRole)
  @StringColumn(16)
  readonly role!: MessageRole;

  @Field()
  @TextColumn()
  readonly text!: string;

  @Field(() => ID, { description: "The run that the message belongs to." })
  @IdColumn()
  readonly runId!: string;

  @Field()
  @TimestampColumn()
  readonly createdAt!: Date;
}
