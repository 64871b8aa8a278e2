import { GraphQLJSONObject } from "graphql-scalars";
import { Field, ID, ObjectType, registerEnumType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { IdColumn, PrimaryIdColumn, StringColumn, TimestampColumn } from "../../platform/database/columns";

export const SessionStatus = { ACTIVE: "ACTIVE", TERMINATED: "TERMINATED" } as const;
export type SessionStatus = keyof typeof SessionStatus;
registerEnumType(SessionStatus, { name: "SessionStatus" });

/** What was given as JSON. TypeORM takes no `unknown` in what it updates. */
export type JsonObject = Record<string, string | number | boolean | object | null>;

@Entity("session")
@ObjectType({ description: "A conversation: the messages and documents that an agent sees when it is executed." })
export class Session {
  @Field(() => ID)
  @PrimaryIdColumn()
  readonly id!: string;

  @IdColumn()
  readonly appId!: string;

  @Field(() => String, {
    nullable: true,
    description: "The caller's own name for it, unique among the app's active sessions.",
  })
  @StringColumn(255, { nullable: true })
  readonly reference!: string | null;

  /** Kept by the database: the reference while the session is active, and null afterwards. To search by, never to read. */
  @StringColumn(255, { nullable: true, select: false, insert: false, update: false })
  readonly activeReference?: string | null;

  @Field(() => String, { nullable: true, description: "The caller's name for the person it belongs to." })
  @StringColumn(255, { nullable: true })
  readonly userReference!: string | null;

  @Field(() => GraphQLJSONObject, { nullable: true })
  @Column({ type: "simple-json", nullable: true })
  readonly metadata!: JsonObject | null;

  @Field(() => SessionStatus)
  @StringColumn(16)
  readonly status!: SessionStatus;

  @Field()
  @TimestampColumn()
  readonly createdAt!: Date;

  @Field()
  @TimestampColumn()
  readonly lastActivityAt!: Date;

  @Field(() => Date, { nullable: true })
  @TimestampColumn({ nullable: true })
  readonly terminatedAt!: Date | null;

  /** When its messages and runs were removed, long after it was terminated. */
  @TimestampColumn({ nullable: true, select: false })
  readonly clearedAt?: Date | null;
}
