import { Field, ID, ObjectType, registerEnumType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";

export const MessageRole = { USER: "USER", AGENT: "AGENT" } as const;
export type MessageRole = keyof typeof MessageRole;
registerEnumType(MessageRole, { name: "MessageRole" });

@Entity("message")
@ObjectType()
export class Message {
  @Field(() => ID)
  @PrimaryColumn({ type: "varchar", length: 36 })
  readonly id!: string;

  @Column({ type: "varchar", length: 36 })
  readonly sessionId!: string;

  @Field(() => MessageRole)
  @Column({ type: "varchar", length: 16 })
  readonly role!: MessageRole;

  @Field()
  @Column({ type: "text" })
  readonly text!: string;

  @Field(() => ID, { description: "The run that it belongs to." })
  @Column({ type: "varchar", length: 36 })
  readonly runId!: string;

  @Field()
  @Column({ type: "datetime", precision: 3 })
  readonly createdAt!: Date;
}
