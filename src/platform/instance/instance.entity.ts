import { Column, Entity } from "typeorm";
import { PrimaryIdColumn, TimestampColumn } from "../database/columns";

/** A process that is at work on what was accepted, as long as it beats. */
@Entity("instance")
export class InstanceRow {
  @PrimaryIdColumn()
  readonly id!: string;

  /** Grows as long as the process lives. */
  @Column({ type: "int" })
  readonly beat!: number;

  @TimestampColumn()
  readonly startedAt!: Date;
}
