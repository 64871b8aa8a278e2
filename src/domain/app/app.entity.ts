import { Field, ID, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { AppLimits } from "./app-limits.entity";

@Entity("app")
@ObjectType({
  description:
    "An application: the owner of agents, sessions, scopes and keys. Nothing crosses from one app to another.",
})
export class App {
  @Field(() => ID)
  @PrimaryColumn({ type: "varchar", length: 36 })
  readonly id!: string;

  @Field()
  @Column({ type: "varchar", length: 120 })
  readonly name!: string;

  @Field()
  @Column({ type: "text" })
  readonly description!: string;

  @Field(() => AppLimits)
  @Column(() => AppLimits, { prefix: false })
  readonly limits!: AppLimits;

  @Field()
  @Column({ type: "datetime", precision: 3 })
  readonly createdAt!: Date;

  /** Of an app that is gone, though some of what it held is still to be removed. */
  @Column({ type: "datetime", precision: 3, nullable: true })
  readonly deletedAt!: Date | null;
}
