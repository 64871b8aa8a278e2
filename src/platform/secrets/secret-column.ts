import type { EntityTarget } from "typeorm";

/** A row with a sealed secret in one of its columns. */
export interface SecretRow {
  id: string;
  readonly [column: string]: unknown;
}

/** A column that holds sealed secrets. */
export interface SecretColumn {
  readonly entity: EntityTarget<SecretRow>;
  readonly table: string;
  readonly column: string;
}
