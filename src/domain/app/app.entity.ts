import { Field, ID, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { RequireAdmin } from "../../auth/require";
import { AppLimits } from "./app-limits.entity";
import { PrimaryIdColumn, StringColumn, TextColumn, TimestampColumn } from "../../platform/database/columns";

@Entity("app")
@ObjectType({
  description:
    "A tenant. It owns agents, model connections, sessions, scopes and API keys; nothing is shared between apps.",
})
export class App {
  @Field(() => ID)
  @PrimaryIdColumn()
  readonly id!: string;

  @Field({ description: "Unique." })
  @StringColumn(120)
  readonly name!: string;

  @Field()
  @TextColumn()
  readonly description!: string;

  @Field(() => AppLimits)
  @Column(() => AppLimits, { prefix: false })
  readonly limits!: AppLimits;

  /** Encrypted, and not exposed as a field, because it may contain secrets of the receiver. */
  @TextColumn({ nullable: true })
  readonly eventUrl!: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "The host of the URL that events of the app are posted to, with its port; null if none are. The URL can't be read back.",
  })
  @RequireAdmin("AUDITOR")
  @StringColumn(255, { nullable: true })
  readonly eventHost!: string | null;

  @Field()
  @TimestampColumn()
  readonly createdAt!: Date;

  /** Set when the app is deleted. Its row stays until all that it owned is removed. */
  @TimestampColumn({ nullable: true })
  readonly deletedAt!: Date | null;
}
