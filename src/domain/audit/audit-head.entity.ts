import { Column, Entity, PrimaryColumn } from "typeorm";
import { IdColumn, PrimaryIdColumn, StringColumn, TimestampColumn } from "../../platform/database/columns";

/** The chain of what is above apps. */
export const serverChain = "server";

/** The end of a chain, and the point that it begins after. Its row is locked while entries are appended. */
@Entity("audit_head")
export class AuditHead {
  @PrimaryColumn({ type: "varchar", length: 36 })
  readonly chainId!: string;

  /** Of the last entry. */
  @Column({ type: "int" })
  readonly sequence!: number;

  @StringColumn(64)
  readonly hash!: string;

  @StringColumn(16)
  readonly keyId!: string;

  @StringColumn(88)
  readonly signature!: string;

  /** Of the last entry that retention has deleted; 0 if it has deleted none. */
  @Column({ type: "int" })
  readonly baseSequence!: number;

  @StringColumn(64)
  readonly baseHash!: string;

  @StringColumn(16)
  readonly baseKeyId!: string;

  @StringColumn(88)
  readonly baseSignature!: string;

  /** When it moved for the first time since it was told to the log. Null if it has not. */
  @TimestampColumn({ nullable: true })
  readonly movedAt!: Date | null;
}

/** A head as it was told to the log. */
@Entity("audit_signed_head")
export class SignedHead {
  @PrimaryIdColumn()
  readonly id!: string;

  @IdColumn()
  readonly chainId!: string;

  @Column({ type: "int" })
  readonly sequence!: number;

  @StringColumn(64)
  readonly hash!: string;

  @TimestampColumn()
  readonly at!: Date;

  @StringColumn(16)
  readonly keyId!: string;

  @StringColumn(88)
  readonly signature!: string;
}
