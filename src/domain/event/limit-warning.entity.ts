import { Entity } from "typeorm";
import { PrimaryIdColumn, PrimaryNameColumn } from "../../platform/database/columns";

/** A limit of an app that was told to be almost used up, and still is. */
@Entity("limit_warning")
export class LimitWarning {
  @PrimaryIdColumn()
  readonly appId!: string;

  /** As in `AppLimits`. */
  @PrimaryNameColumn(40)
  readonly name!: string;
}
