import { Field, ID, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { AppLimits } from "./app-limits.entity";
import { PrimaryIdColumn, StringColumn, TextColumn, TimestampColumn } from "../../platform/database/columns";

@Entity("app")
@ObjectType({
  description:
    "An application: the owner of agents, sessions, scopes and keys. Nothing crosses from one app to another.",
})
export class App {
  @Field(() => ID)
  @PrimaryIdColumn()
  readonly id!: string;

  @Field()
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

  /** Of an app that is gone, though some of what it held is still to be removed. */
  @TimestampColumn({ nullable: true })
  readonly deletedAt!: Date | null;
}
