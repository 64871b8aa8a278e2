import { Column, Entity } from "typeorm";
import { PrimaryIdColumn } from "../../platform/database/columns";

/** MySQL returns a BIGINT as a text. */
const CounterColumn = () => Column({ type: "bigint", transformer: { to: (value: number) => value, from: Number } });

/** The counters that the limits of an app bound. The transactions that add and delete change them. */
@Entity("app_usage")
export class AppUsage {
  @PrimaryIdColumn()
  readonly appId!: string;

  /** The active ones. */
  @CounterColumn()
  readonly sessions!: number;

  @CounterColumn()
  readonly documents!: number;

  @CounterColumn()
  readonly documentBytes!: number;

  @CounterColumn()
  readonly agents!: number;

  /** Of messages, and of runs with their events. */
  @CounterColumn()
  readonly messageBytes!: number;
}
