import { Column, Entity } from "typeorm";
import { PrimaryIdColumn, StringColumn, TimestampColumn } from "../database/columns";

/** The single server that works on the database, for the message to another one. The lock decides, not this row. */
@Entity("server_holder")
export class ServerHolder {
  @PrimaryIdColumn()
  readonly id!: string;

  @Column({ type: "int" })
  readonly pid!: number;

  @StringColumn(255)
  readonly host!: string;

  @TimestampColumn()
  readonly startedAt!: Date;
}
