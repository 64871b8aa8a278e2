import { Column, Entity } from "typeorm";
import { PrimaryIdColumn, TimestampColumn } from "../database/columns";

/** A process that executes runs and reads documents, for as long as its heartbeat grows. */
@Entity("instance")
export class InstanceRow {
  @PrimaryIdColumn()
  readonly id!: string;

  /** A counter: the heartbeat. */
  @Column({ type: "int" })
  readonly beat!: number;

  @TimestampColumn()
  readonly startedAt!: Date;
}
