import { Field, ID, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { IdColumn, PrimaryIdColumn, StringColumn, TimestampColumn } from "../../platform/database/columns";

@Entity("console_session")
@ObjectType({ description: "An administrator who is signed in at the console, in one browser." })
export class ConsoleSession {
  @Field(() => ID)
  @PrimaryIdColumn()
  readonly id!: string;

  /** SHA-256 of the token in the cookie. */
  @Column({ type: "blob" })
  readonly digest!: Buffer;

  /** Null if the root key has signed in. */
  @IdColumn({ nullable: true })
  readonly administratorId!: string | null;

  /** The version of the administrator's key; with another key, the session is over. */
  @Column({ type: "int", nullable: true })
  readonly keyVersion!: number | null;

  /** Proves which root key has signed in; with another one, the session is over. */
  @StringColumn(64, { nullable: true })
  readonly rootProof!: string | null;

  @Field({ description: "The name of the administrator." })
  @StringColumn(255)
  readonly name!: string;

  @Field({ description: "The address that the browser signed in from." })
  @StringColumn(45)
  readonly address!: string;

  @Field({ description: "The name that the browser gives itself, cut after 255 characters." })
  @StringColumn(255)
  readonly userAgent!: string;

  @Field()
  @TimestampColumn()
  readonly createdAt!: Date;

  @Field({ description: "To the minute." })
  @TimestampColumn()
  readonly lastSeenAt!: Date;

  @Field({ description: "When the session ends, however much it is used." })
  @TimestampColumn()
  readonly expiresAt!: Date;

  @Field(() => Date, { nullable: true, description: "Null while it is open." })
  @TimestampColumn({ nullable: true })
  readonly endedAt!: Date | null;
}
