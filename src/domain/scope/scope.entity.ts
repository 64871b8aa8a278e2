import { Field, ID, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { ScopePermissions } from "./permissions.entity";
import { IdColumn, PrimaryIdColumn, StringColumn, TextColumn, TimestampColumn } from "../../platform/database/columns";

@Entity("scope")
@ObjectType({
  description: "A named set of permissions within an app. Its keys may do what it says at the moment of the call.",
})
export class Scope {
  @Field(() => ID)
  @PrimaryIdColumn()
  readonly id!: string;

  @IdColumn()
  readonly appId!: string;

  @Field()
  @StringColumn(120)
  readonly name!: string;

  @Field()
  @TextColumn()
  readonly description!: string;

  @Field(() => ScopePermissions)
  @Column(() => ScopePermissions)
  readonly permissions!: ScopePermissions;

  @Field()
  @TimestampColumn()
  readonly createdAt!: Date;

  @Field()
  @TimestampColumn()
  readonly updatedAt!: Date;

  /** The row of a deleted scope stays, since its revoked keys still say what they belonged to. */
  @TimestampColumn({ nullable: true })
  readonly deletedAt!: Date | null;
}
