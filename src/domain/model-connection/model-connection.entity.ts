import { Field, ID, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { ModelProvider } from "../../model/model-provider";
import type { SecretPlace } from "../../platform/secrets/keyring";
import type { SecretColumn } from "../../platform/secrets/secret-column";

const table = "model_connection";

@Entity(table)
@ObjectType({ description: "A provider of language models that the agents of an app may use." })
export class ModelConnection {
  @Field(() => ID)
  @PrimaryColumn({ type: "varchar", length: 36 })
  readonly id!: string;

  @Column({ type: "varchar", length: 36 })
  readonly appId!: string;

  @Field({ description: "Unique within the app. Agents name a model of it as `<connection>/<model>`." })
  @Column({ type: "varchar", length: 64 })
  readonly name!: string;

  @Field(() => ModelProvider)
  @Column({ type: "varchar", length: 32 })
  readonly provider!: ModelProvider;

  @Field()
  @Column({ type: "text" })
  readonly baseUrl!: string;

  /** Encrypted. Never a field: what is set can't be read back. */
  @Column({ type: "text", nullable: true })
  readonly apiKey!: string | null;

  @Field()
  @Column({ type: "datetime", precision: 3 })
  readonly createdAt!: Date;

  @Field()
  @Column({ type: "datetime", precision: 3 })
  readonly updatedAt!: Date;
}

/** Where the provider's key of a connection is kept. */
export const apiKeyPlace = (id: string): SecretPlace => ({ table, column: "apiKey", rowId: id });

export const apiKeyColumn: SecretColumn = { entity: ModelConnection, table, column: "apiKey" };
