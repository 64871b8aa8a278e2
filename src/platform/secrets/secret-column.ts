import type { EntityTarget } from "typeorm";
import type { Keyring, SecretPlace } from "./keyring";

/** A row with a sealed secret in one of its columns. */
export interface SecretRow {
  id: string;
  readonly [column: string]: unknown;
}

/** A column that holds sealed secrets. */
export interface SecretColumn<Row extends SecretRow = SecretRow> {
  readonly entity: EntityTarget<Row>;
  readonly column: string;
  /** The place of a row's secret. */
  placeOf(row: Row): SecretPlace;
  /** Whether the table may be large, so that its secrets are rotated in batches. */
  readonly isLarge?: boolean;
  /** Matches values that earlier versions stored as they are; a rotation encrypts them. */
  readonly plain?: RegExp;
}

/** @throws {SecretUnreadableError} */
export function openSecret<Row extends SecretRow>(keyring: Keyring, column: SecretColumn<Row>, row: Row): string {
  const stored = row[column.column] as string;
  return column.plain?.test(stored) ? stored : keyring.open(stored, column.placeOf(row));
}
