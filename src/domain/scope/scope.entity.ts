import { Field, ID, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { ScopePermissions } from "./permissions.entity";
import { IdColumn, PrimaryIdColumn, StringColumn, TextColumn, TimestampColumn } from "../../platform/database/columns";

@Entity("scope")
@ObjectType({
  description:
    "A named set of permissions within an app. Its API keys have these permissions as they are at the time of each call.",
})
export class Scope {
  @Field(() => ID)
  @PrimaryIdColumn()
  readonly id!: string;

  @IdColumn()
  readonly appId!: string;

  @Field({ description: "Unique within the app." })
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

  /** A deleted scope keeps its row, because its revoked keys still refer to it. */
  @TimestampColumn({ nullable: true })
  readonly deletedAt!: Date | null;
}
