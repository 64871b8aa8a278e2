import { Column, Entity } from "typeorm";
import { PrimaryIdColumn, StringColumn } from "../../platform/database/columns";

/** What the runs of an app took on one day, the last on which they took anything. */
@Entity("token_use")
export class TokenUse {
  @PrimaryIdColumn()
  readonly appId!: string;

  /** In UTC, such as 2026-11-24. */
  @StringColumn(10)
  readonly day!: string;

  @Column({ type: "bigint", transformer: { to: (tokens: number) => tokens, from: Number } })
  readonly tokens!: number;
}
