import { Column, Entity, PrimaryColumn } from "typeorm";

/** The tokens that an app used on the last day on which it used any. */
@Entity("token_use")
export class TokenUse {
  @PrimaryColumn({ type: "varchar", length: 36 })
  readonly appId!: string;

  /** In UTC, such as 2026-11-24. */
  @Column({ type: "varchar", length: 10 })
  readonly day!: string;

  @Column({ type: "bigint", transformer: { to: (tokens: number) => tokens, from: Number } })
  readonly tokens!: number;
}
