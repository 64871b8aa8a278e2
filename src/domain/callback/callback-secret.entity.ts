import { Entity } from "typeorm";
import type { SecretPlace } from "../../platform/secrets/keyring";
import type { SecretColumn, SecretRow } from "../../platform/secrets/secret-column";
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

export const callbackSecretPlace = ({ id, appId }: Pick<CallbackSecret, "id" | "appId">): SecretPlace => ({
  table,
  column: "secret",
  rowId: id,
  usedFor: [appId],
});

export const callbackSecretColumn = {
  entity: CallbackSecret,
  column: "secret",
  placeOf: callbackSecretPlace,
} satisfies SecretColumn<CallbackSecret & SecretRow>;
