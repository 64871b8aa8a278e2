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

  /** The scope whose key opened the session; see SessionOwned. */
  @IdColumn({ nullable: true })
  readonly sessionScopeId!: string | null;

  @Field({ description: "The client's filename, without folders and control characters." })
  @StringColumn(255)
  readonly filename!: string;

  @Field({ description: "Detected from the content. The type that the client declares is ignored." })
  @StringColumn(127)
  readonly mimeType!: string;

  @Field(() => Int, { description: "In bytes." })
  @Column({ type: "int" })
  readonly size!: number;

  @Field({ description: "SHA-256 of the content, in lower-case hexadecimal." })
  @StringColumn(64)
  readonly sha256!: string;

  @Field(() => DocumentStatus)
  @StringColumn(16)
  readonly status!: DocumentStatus;

  @Field(() => String, { nullable: true, description: "If it is FAILED, the reason, to be shown to people." })
  @TextColumn({ nullable: true })
  readonly error!: string | null;

  /** The number of times that its processing was started. */
  @Column({ type: "int" })
  readonly readings!: number;

  /** The instance that processes it, or has processed it. */
  @IdColumn({ nullable: true })
  readonly readerId!: string | null;

  @Field()
  @TimestampColumn()
  readonly createdAt!: Date;
}
