import { Column, Entity, PrimaryColumn } from "typeorm";

/** A process that executes runs and reads documents, for as long as its heartbeat grows. */
@Entity("instance")
export class InstanceRow {
  @PrimaryColumn({ type: "varchar", length: 36 })
  readonly id!: string;

  /** A counter: the heartbeat. */
  @Column({ type: "int" })
  readonly beat!: number;

  @Column({ type: "datetime", precision: 3 })
  readonly startedAt!: Date;
}
