import { Field, ID, ObjectType } from "type-graphql";
import { Entity } from "typeorm";
import { ModelProvider } from "../../model/model-provider";
import type { SecretPlace } from "../../platform/secrets/keyring";
import type { SecretColumn, SecretRow } from "../../platform/secrets/secret-column";
import { IdColumn, PrimaryIdColumn, StringColumn, TextColumn, TimestampColumn } from "../../platform/database/columns";

const table = "model_connection";

@Entity(table)
@ObjectType({ description: "The access of an app to a provider of language models." })
export class ModelConnection {
  @Field(() => ID)
  @PrimaryIdColumn()
  readonly id!: string;

  @IdColumn()
  readonly appId!: string;

  @Field({ description: "Unique within the app. Agents name a model of the connection as `<connection>/<model>`." })
  @StringColumn(64)
  readonly name!: string;

  @Field(() => ModelProvider)
  @StringColumn(32)
  readonly provider!: ModelProvider;

  @Field({ description: "The address of the provider's API." })
  @TextColumn()
  readonly baseUrl!: string;

  /** Encrypted. Not a GraphQL field, so that it can't be read back. */
  @TextColumn({ nullable: true })
  readonly apiKey!: string | null;

  @Field()
  @TimestampColumn()
  readonly createdAt!: Date;

  @Field()
  @TimestampColumn()
  readonly updatedAt!: Date;
}

type Addressed = Pick<ModelConnection, "id" | "appId" | "provider" | "baseUrl">;

/** A key of a row whose app, provider or address was changed behind the server's back is not sent anywhere. */
export const apiKeyPlace = ({ id, appId, provider, baseUrl }: Addressed): SecretPlace => ({
  table,
  column: "apiKey",
  rowId: id,
  usedFor: [appId, provider, baseUrl],
});

export const apiKeyColumn = {
  entity: ModelConnection,
  column: "apiKey",
  placeOf: apiKeyPlace,
} satisfies SecretColumn<ModelConnection & SecretRow>;
