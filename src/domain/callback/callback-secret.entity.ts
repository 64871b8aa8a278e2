import { Entity } from "typeorm";
import type { SecretPlace } from "../../platform/secrets/keyring";
import type { SecretColumn } from "../../platform/secrets/secret-column";
import { IdColumn, PrimaryIdColumn, TextColumn, TimestampColumn } from "../../platform/database/columns";

const table = "callback_secret";

/** A secret that signs the callbacks of an app: the current one, or the previous one. */
@Entity(table)
export class CallbackSecret {
  @PrimaryIdColumn()
  readonly id!: string;

  @IdColumn()
  readonly appId!: string;

  /** Encrypted. */
  @TextColumn()
  readonly secret!: string;

  @TimestampColumn()
  readonly createdAt!: Date;

  @TimestampColumn({ nullable: true })
  readonly replacedAt!: Date | null;
}

export const callbackSecretPlace = (id: string): SecretPlace => ({ table, column: "secret", rowId: id });

export const callbackSecretColumn: SecretColumn = { entity: CallbackSecret, table, column: "secret" };
