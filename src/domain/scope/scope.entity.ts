import { Field, ID, Int, ObjectType } from "type-graphql";
import { Column, Entity, JoinColumn, ManyToOne } from "typeorm";
import { RequireKeys } from "../../auth/require";
import { App } from "../app/app.entity";
import { KeyLimits } from "./key-limits.entity";
import { ScopePermissions } from "./permissions.entity";
import {
  IdColumn,
  JsonListColumn,
  PrimaryIdColumn,
  StringColumn,
  TextColumn,
  TimestampColumn,
} from "../../platform/database/columns";

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

  /** Only for the one statement that reads a key together with its scope and the limits of its app. */
  @ManyToOne(() => App)
  @JoinColumn({ name: "appId" })
  readonly joinedApp?: App;

  @Field({ description: "Unique within the app." })
  @StringColumn(120)
  readonly name!: string;

  @Field()
  @TextColumn()
  readonly description!: string;

  @Field(() => [String])
  @RequireKeys("VIEW")
  @JsonListColumn()
  readonly tags!: string[];

  @Field(() => [String], { description: "Addresses and networks that requests may come from; empty for any address." })
  @RequireKeys("VIEW")
  @JsonListColumn()
  readonly allowedAddresses!: string[];

  @Field(() => ScopePermissions)
  @Column(() => ScopePermissions)
  readonly permissions!: ScopePermissions;

  @Field(() => KeyLimits, { description: "The limits that all keys of the scope share." })
  @Column(() => KeyLimits, { prefix: false })
  readonly limits!: KeyLimits;

  @Field(() => Int, { description: "Starts at 1; each update raises it by one." })
  @Column({ type: "int", default: 1 })
  readonly version!: number;

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
