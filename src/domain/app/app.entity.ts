import { Field, ID, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
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

  @Field()
  @TimestampColumn()
  readonly createdAt!: Date;

  /** Set when the app is deleted. Its row stays until all that it owned is removed. */
  @TimestampColumn({ nullable: true })
  readonly deletedAt!: Date | null;
}
