import { Field, ID, ObjectType } from "type-graphql";
import { Entity } from "typeorm";
import { ModelProvider } from "../../model/model-provider";
import type { SecretPlace } from "../../platform/secrets/keyring";
import type { SecretColumn } from "../../platform/secrets/secrets-rotation";
import { IdColumn, PrimaryIdColumn, StringColumn, TextColumn, TimestampColumn } from "../../platform/database/columns";

const table = "model_connection";

@Entity(table)
@ObjectType({ description: "A provider of language models that the agents of an app may use." })
export class ModelConnection {
  @Field(() => ID)
  @PrimaryIdColumn()
  readonly id!: string;

  @IdColumn()
  readonly appId!: string;

  @Field({ description: "Unique within the app. Agents name a model of it as `<connection>/<model>`." })
  @StringColumn(64)
  readonly name!: string;

  @Field(() => ModelProvider)
  @StringColumn(32)
  readonly provider!: ModelProvider;

  @Field()
  @TextColumn()
  readonly baseUrl!: string;

  /** Encrypted. Never a field: what is set can't be read back. */
  @TextColumn({ nullable: true })
  readonly apiKey!: string | null;

  @Field()
  @TimestampColumn()
  readonly createdAt!: Date;

  @Field()
  @TimestampColumn()
  readonly updatedAt!: Date;
}

/** Where the provider's key of a connection is kept. */
export const apiKeyPlace = (id: string): SecretPlace => ({ table, column: "apiKey", rowId: id });

export const apiKeyColumn: SecretColumn = { entity: ModelConnection, table, column: "apiKey" };
