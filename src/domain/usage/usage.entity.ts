import { Column, Entity, PrimaryColumn } from "typeorm";
import { PrimaryIdColumn, StringColumn, TextColumn } from "../../platform/database/columns";

export const hourMs = 3_600_000;

/** Hours since 1970. */
export const hourOf = (time: number | Date): number => Math.floor(Number(time) / hourMs);

/** A field that an operation has, and what it requires. */
export interface FieldRequirement {
  /** Such as `Query.agents`. */
  readonly field: string;
  /** Such as `VIEW`. */
  readonly requires: string;
}

/** An operation that keys of an app have sent. */
@Entity("usage_operation")
export class UsedOperation {
  @PrimaryIdColumn()
  readonly appId!: string;

  @PrimaryColumn({ type: "varchar", length: 32 })
  readonly hash!: string;

  @StringColumn(12)
  readonly kind!: string;

  @StringColumn(64, { nullable: true })
  readonly name!: string | null;

  @TextColumn({
    transformer: { to: (list: unknown) => JSON.stringify(list), from: (json: string) => JSON.parse(json) as unknown },
  })
  readonly requirements!: readonly FieldRequirement[];

  @Column("int")
  readonly lastUsedHour!: number;
}
