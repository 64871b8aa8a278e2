import { Column, Entity } from "typeorm";
import { IdColumn, PrimaryIdColumn, StringColumn } from "../../platform/database/columns";

/** The tokens that the runs of a key, or of all keys of a scope, used on the last day on which they used any. */
@Entity("holder_token_use")
export class HolderTokenUse {
  /** The id of the key or of the scope. */
  @PrimaryIdColumn()
  readonly holderId!: string;

  @IdColumn()
  readonly appId!: string;

  /** In UTC, such as 2026-11-24. */
  @StringColumn(10)
  readonly day!: string;

  @Column({ type: "bigint", transformer: { to: (tokens: number) => tokens, from: Number } })
  readonly tokens!: number;
}
