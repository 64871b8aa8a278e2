import { Column, Entity, PrimaryColumn } from "typeorm";
import { IdColumn, TimestampColumn } from "../../platform/database/columns";

/** Maps an idempotency key of a caller to the run that it created. Digests, so that the database compares byte for byte. */
@Entity("idempotency_key")
export class IdempotencyKey {
  /** SHA-256 of the caller's identity and the key. */
  @PrimaryColumn({ type: "blob" })
  readonly digest!: Buffer;

  /** SHA-256 of the input. */
  @Column({ type: "blob" })
  readonly inputDigest!: Buffer;

  @IdColumn()
  readonly runId!: string;

  @TimestampColumn()
  readonly createdAt!: Date;
}
