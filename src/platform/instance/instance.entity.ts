import { Column, Entity, PrimaryColumn } from "typeorm";

/** A process that is at work on what was accepted, as long as it beats. */
@Entity("instance")
export class InstanceRow {
  @PrimaryColumn({ type: "varchar", length: 36 })
  readonly id!: string;

  /** Grows as long as the process lives. */
  @Column({ type: "int" })
  readonly beat!: number;

  @Column({ type: "datetime", precision: 3 })
  readonly startedAt!: Date;
}
