import { Column, type ColumnOptions, PrimaryColumn } from "typeorm";

const id = { type: "varchar", length: 36 } as const;

/** The id of the row, or a part of its primary key. */
export const PrimaryIdColumn = () => PrimaryColumn(id);

/** A name that is a part of the primary key. */
export const PrimaryNameColumn = (maxChars: number) => PrimaryColumn({ type: "varchar", length: maxChars });

/** The id of another row. */
export const IdColumn = (options?: ColumnOptions) => Column({ ...id, ...options });

/** A point in time, to the millisecond. */
export const TimestampColumn = (options?: ColumnOptions) => Column({ type: "datetime", precision: 3, ...options });

/** A text of up to `maxChars` characters. */
export const StringColumn = (maxChars: number, options?: ColumnOptions) =>
  Column({ type: "varchar", length: maxChars, ...options });

/** A list of texts as JSON; empty if the column is null, as in rows from before there was the column. */
export const JsonListColumn = (options?: ColumnOptions) =>
  Column({
    type: "text",
    nullable: true,
    ...options,
    transformer: {
      to: (list: readonly string[] | undefined) => list && JSON.stringify(list),
      from: (json: string | null) => (json === null ? [] : (JSON.parse(json) as string[])),
    },
  });

/** A text of any length. */
export const TextColumn = (options?: ColumnOptions) => Column({ type: "text", ...options });

const shortTexts = new WeakMap<object, Set<string>>();

/** A text of up to 2,000 characters, by the rules of its inputs. A page of such texts need not be measured. */
export const ShortTextColumn = (): PropertyDecorator => (prototype, property) => {
  const names = shortTexts.get(prototype) ?? new Set();
  shortTexts.set(prototype, names.add(String(property)));
  TextColumn()(prototype, property);
};

export const isShortText = (entity: new () => unknown, property: string): boolean =>
  shortTexts.get(entity.prototype as object)?.has(property) === true;
