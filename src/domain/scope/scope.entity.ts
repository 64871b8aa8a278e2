import { Field, ID, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { ScopePermissions } from "./permissions.entity";

@Entity("scope")
@ObjectType({
  description: "A named set of permissions within an app. Its keys may do what it says at the moment of the call.",
})
export class Scope {
  @Field(() => ID)
  @PrimaryColumn({ type: "varchar", length: 36 })
  readonly id!: string;

  @Column({ type: "varchar", length: 36 })
  readonly appId!: string;

  @Field()
  @Column({ type: "varchar", length: 120 })
  readonly name!: string;

  @Field()
  @Column({ type: "text" })
  readonly description!: string;

  @Field(() => ScopePermissions)
  @Column(() => ScopePermissions)
  readonly permissions!: ScopePermissions;

  @Field()
  @Column({ type: "datetime", precision: 3 })
  readonly createdAt!: Date;

  @Field()
  @Column({ type: "datetime", precision: 3 })
  readonly updatedAt!: Date;

  /** The row of a deleted scope stays, since its revoked keys still say what they belonged to. */
  @Column({ type: "datetime", precision: 3, nullable: true })
  readonly deletedAt!: Date | null;
}
