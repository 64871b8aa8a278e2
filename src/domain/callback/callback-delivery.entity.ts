import { Field, ID, ObjectType } from "type-graphql";
import { Entity } from "typeorm";
import { IdColumn, TextColumn } from "../../platform/database/columns";
import type { SecretPlace } from "../../platform/secrets/keyring";
import type { SecretColumn, SecretRow } from "../../platform/secrets/secret-column";
import { Delivery } from "./delivery.entity";

const table = "callback_delivery";

@Entity(table)
@ObjectType({ description: "The delivery of a finished run to the `callbackUrl` of its execution." })
export class CallbackDelivery extends Delivery {
  @Field(() => ID)
  @IdColumn()
  readonly runId!: string;

  /** The scope whose key opened the session; see SessionOwned. */
  @IdColumn({ nullable: true })
  readonly sessionScopeId!: string | null;

  /** The key on whose behalf the callback is posted. Null if it is an administrator. */
  @IdColumn({ nullable: true })
  readonly apiKeyId!: string | null;

  /** Encrypted, and not exposed as a field, because it may contain secrets of the receiver. See callbackUrlColumn. */
  @TextColumn()
  readonly url!: string;
}

type Addressed = Pick<CallbackDelivery, "id" | "appId" | "runId" | "host">;

/** A URL of a row whose app, run or host was changed behind the server's back is not posted to. */
export const callbackUrlPlace = ({ id, appId, runId, host }: Addressed): SecretPlace => ({
  table,
  column: "url",
  rowId: id,
  usedFor: [appId, runId, host],
});

export const callbackUrlColumn = {
  entity: CallbackDelivery,
  column: "url",
  isLarge: true,
  placeOf: callbackUrlPlace,
  plain: /^https?:/i,
} satisfies SecretColumn<CallbackDelivery & SecretRow>;
