import { GraphQLJSONObject } from "graphql-scalars";
import { Field, ID, ObjectType, registerEnumType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";

export const SessionStatus = { ACTIVE: "ACTIVE", TERMINATED: "TERMINATED" } as const;
export type SessionStatus = keyof typeof SessionStatus;
registerEnumType(SessionStatus, { name: "SessionStatus" });

/** What was given as JSON. TypeORM takes no `unknown` in what it updates. */
export type JsonObject = Record<string, string | number | boolean | object | null>;

@Entity("session")
@ObjectType({ description: "A conversation: the messages and documents that an agent sees when it is executed." })
export class Session {
  @Field(() => ID)
  @PrimaryColumn({ type: "varchar", length: 36 })
  readonly id!: string;

  @Column({ type: "varchar", length: 36 })
  readonly appId!: string;

  @Field(() => String, {
    nullable: true,
    description: "The caller's own name for it, unique among the app's active sessions.",
  })
  @Column({ type: "varchar", length: 255, nullable: true })
  readonly reference!: string | null;

  /** Kept by the database: the reference while the session is active, and null afterwards. To search by, never to read. */
  @Column({ type: "varchar", length: 255, nullable: true, select: false, insert: false, update: false })
  readonly activeReference?: string | null;

  @Field(() => String, { nullable: true, description: "The caller's name for the person it belongs to." })
  @Column({ type: "varchar", length: 255, nullable: true })
  readonly userReference!: string | null;

  @Field(() => GraphQLJSONObject, { nullable: true })
  @Column({ type: "simple-json", nullable: true })
  readonly metadata!: JsonObject | null;

  @Field(() => SessionStatus)
  @Column({ type: "varchar", length: 16 })
  readonly status!: SessionStatus;

  @Field()
  @Column({ type: "datetime", precision: 3 })
  readonly createdAt!: Date;

  @Field()
  @Column({ type: "datetime", precision: 3 })
  readonly lastActivityAt!: Date;

  @Field(() => Date, { nullable: true })
  @Column({ type: "datetime", precision: 3, nullable: true })
  readonly terminatedAt!: Date | null;

  /** When its messages and runs were removed, long after it was terminated. */
  @Column({ type: "datetime", precision: 3, nullable: true, select: false })
  readonly clearedAt?: Date | null;
}
