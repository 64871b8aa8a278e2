import { Column, type ColumnOptions, PrimaryColumn } from "typeorm";

const id = { type: "varchar", length: 36 } as const;

/** The id of the row, or a part of its primary key. */
export const PrimaryIdColumn = () => PrimaryColumn(id);

/** The id of another row. */
export const IdColumn = (options?: ColumnOptions) => Column({ ...id, ...options });

/** A point in time, to the millisecond. */
export const TimestampColumn = (options?: ColumnOptions) => Column({ type: "datetime", precision: 3, ...options });

/** A text of up to `maxChars` characters. */
export const StringColumn = (maxChars: number, options?: ColumnOptions) =>
  Column({ type: "varchar", length: maxChars, ...options });

/** A text of any length. */
export const TextColumn = (options?: ColumnOptions) => Column({ type: "text", ...options });
