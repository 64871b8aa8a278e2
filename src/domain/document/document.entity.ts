import { Field, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";

export const DocumentStatus = { PROCESSING: "PROCESSING", READY: "READY", FAILED: "FAILED" } as const;
export type DocumentStatus = keyof typeof DocumentStatus;
registerEnumType(DocumentStatus, { name: "DocumentStatus" });

@Entity("document")
@ObjectType()
export class Document {
  @Field(() => ID)
  @PrimaryColumn({ type: "varchar", length: 36 })
  readonly id!: string;

  @Column({ type: "varchar", length: 36 })
  readonly appId!: string;

  @Column({ type: "varchar", length: 36 })
  readonly sessionId!: string;

  @Field({ description: "The client's filename, without folders and control characters." })
  @Column({ type: "varchar", length: 255 })
  readonly filename!: string;

  @Field({ description: "Detected from the content. The type that the client declares is ignored." })
  @Column({ type: "varchar", length: 127 })
  readonly mimeType!: string;

  @Field(() => Int, { description: "In bytes." })
  @Column({ type: "int" })
  readonly size!: number;

  @Field({ description: "SHA-256 of the content, in lower-case hexadecimal." })
  @Column({ type: "varchar", length: 64 })
  readonly sha256!: string;

  @Field(() => DocumentStatus)
  @Column({ type: "varchar", length: 16 })
  readonly status!: DocumentStatus;

  @Field(() => String, { nullable: true, description: "If it is FAILED, the reason, to be shown to people." })
  @Column({ type: "text", nullable: true })
  readonly error!: string | null;

  /** How many times its processing was started. */
  @Column({ type: "int" })
  readonly readings!: number;

  /** The instance that processes it, or has processed it. */
  @Column({ type: "varchar", length: 36, nullable: true })
  readonly readerId!: string | null;

  @Field()
  @Column({ type: "datetime", precision: 3 })
  readonly createdAt!: Date;
}
