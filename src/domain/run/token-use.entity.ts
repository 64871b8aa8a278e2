import { Column, Entity } from "typeorm";
import { PrimaryIdColumn, StringColumn } from "../../platform/database/columns";

/** The tokens that an app used on the last day on which it used any. */
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
