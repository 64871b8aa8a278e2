import { Field, ID, ObjectType } from "type-graphql";
import { Entity } from "typeorm";
import { ModelProvider } from "../../model/model-provider";
import type { SecretPlace } from "../../platform/secrets/keyring";
import type { SecretColumn } from "../../platform/secrets/secrets-rotation";
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

export const apiKeyPlace = (id: string): SecretPlace => ({ table, column: "apiKey", rowId: id });

export const apiKeyColumn: SecretColumn = { entity: ModelConnection, table, column: "apiKey" };
