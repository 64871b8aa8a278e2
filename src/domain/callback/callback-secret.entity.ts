import { Column, Entity, PrimaryColumn } from "typeorm";
import type { SecretPlace } from "../../platform/secrets/keyring";
import type { SecretColumn } from "../../platform/secrets/secrets-rotation";

const table = "callback_secret";

/** A secret that signs the callbacks of an app: the current one, or the previous one. */
@Entity(table)
export class CallbackSecret {
  @PrimaryColumn({ type: "varchar", length: 36 })
  readonly id!: string;

  @Column({ type: "varchar", length: 36 })
  readonly appId!: string;

  /** Encrypted. */
  @Column({ type: "text" })
  readonly secret!: string;

  @Column({ type: "datetime", precision: 3 })
  readonly createdAt!: Date;

  @Column({ type: "datetime", precision: 3, nullable: true })
  readonly replacedAt!: Date | null;
}

export const callbackSecretPlace = (id: string): SecretPlace => ({ table, column: "secret", rowId: id });

export const callbackSecretColumn: SecretColumn = { entity: CallbackSecret, table, column: "secret" };
