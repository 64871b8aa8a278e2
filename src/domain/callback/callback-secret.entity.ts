import { Entity } from "typeorm";
import type { SecretPlace } from "../../platform/secrets/keyring";
import type { SecretColumn } from "../../platform/secrets/secrets-rotation";
import { IdColumn, PrimaryIdColumn, TextColumn, TimestampColumn } from "../../platform/database/columns";

const table = "callback_secret";

/** What the callbacks of an app are signed with: the one of now, and the one before it. */
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
