import { Field, ID, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { IdColumn, PrimaryIdColumn, StringColumn, TextColumn, TimestampColumn } from "../../platform/database/columns";
import type { SecretPlace } from "../../platform/secrets/keyring";
import type { SecretColumn, SecretRow } from "../../platform/secrets/secret-column";

const table = "tool_server";

@Entity(table)
@ObjectType("ToolServer", {
  description: "An MCP server (streamable HTTP) of an app, whose tools its agents may call.",
})
export class AppToolServer {
  @Field(() => ID)
  @PrimaryIdColumn()
  readonly id!: string;

  @IdColumn()
  readonly appId!: string;

  @Field({ description: "Unique within the app. Agents name the server by it." })
  @StringColumn(64)
  readonly name!: string;

  @Field({ description: "The address of the server." })
  @TextColumn()
  readonly url!: string;

  @Field(() => [String], {
    description: "The names of the headers that each request to the server has. Their values can't be read back.",
  })
  @Column({ type: "simple-json" })
  readonly headerNames!: string[];

  /** The headers with their values, as JSON and encrypted; null if there are none. */
  @TextColumn({ nullable: true })
  readonly headers!: string | null;

  @Field()
  @TimestampColumn()
  readonly createdAt!: Date;

  @Field()
  @TimestampColumn()
  readonly updatedAt!: Date;
}

/** The headers of a row whose app or address was changed behind the server's back are not sent anywhere. */
export const headersPlace = ({ id, appId, url }: Pick<AppToolServer, "id" | "appId" | "url">): SecretPlace => ({
  table,
  column: "headers",
  rowId: id,
  usedFor: [appId, url],
});

export const headersColumn = {
  entity: AppToolServer,
  column: "headers",
  placeOf: headersPlace,
} satisfies SecretColumn<AppToolServer & SecretRow>;
