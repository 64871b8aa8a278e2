import { Field, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { IdColumn, PrimaryIdColumn, StringColumn, TextColumn, TimestampColumn } from "../../platform/database/columns";

export const DocumentStatus = { PROCESSING: "PROCESSING", READY: "READY", FAILED: "FAILED" } as const;
export type DocumentStatus = keyof typeof DocumentStatus;
registerEnumType(DocumentStatus, { name: "DocumentStatus" });

@Entity("document")
@ObjectType()
export class Document {
  @Field(() => ID)
  @PrimaryIdColumn()
  readonly id!: string;

  @IdColumn()
  readonly appId!: string;

  @IdColumn()
  readonly sessionId!: string;

  @Field({ description: "Without folders and control characters, whatever the client sent." })
  @StringColumn(255)
  readonly filename!: string;

  @Field({ description: "Told by its content, not by what the client said." })
  @StringColumn(127)
  readonly mimeType!: string;

  @Field(() => Int, { description: "In bytes." })
  @Column({ type: "int" })
  readonly size!: number;

  @Field({ description: "Of the content, in lower-case hexadecimal." })
  @StringColumn(64)
  readonly sha256!: string;

  @Field(() => DocumentStatus)
  @StringColumn(16)
  readonly status!: DocumentStatus;

  @Field(() => String, { nullable: true, description: "Why it failed, for people." })
  @TextColumn({ nullable: true })
  readonly error!: string | null;

  /** How often it was begun to read it. */
  @Column({ type: "int" })
  readonly readings!: number;

  /** The instance that reads it, or did. */
  @IdColumn({ nullable: true })
  readonly readerId!: string | null;

  @Field()
  @TimestampColumn()
  readonly createdAt!: Date;
}
