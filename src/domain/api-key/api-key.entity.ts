import { Field, ID, ObjectType, registerEnumType } from "type-graphql";
import { Column, Entity, JoinColumn, ManyToOne } from "typeorm";
import { Scope } from "../scope/scope.entity";
import { IdColumn, PrimaryIdColumn, StringColumn, TimestampColumn } from "../../platform/database/columns";

export const ApiKeyStatus = { ACTIVE: "ACTIVE", REVOKED: "REVOKED" } as const;
export type ApiKeyStatus = keyof typeof ApiKeyStatus;
registerEnumType(ApiKeyStatus, { name: "ApiKeyStatus" });

@Entity("api_key")
@ObjectType({
  description: "A credential of a scope. It has no expiry: it is valid until it is revoked, and then never again.",
})
export class ApiKey {
  @Field(() => ID)
  @PrimaryIdColumn()
  readonly id!: string;

  @IdColumn()
  readonly appId!: string;

  @IdColumn()
  readonly scopeId!: string;

  /** Only for the one statement that finds a key together with its scope. */
  @ManyToOne(() => Scope)
  @JoinColumn({ name: "scopeId" })
  readonly joinedScope?: Scope;

  @Field()
  @StringColumn(120)
  readonly name!: string;

  @Field({ description: "The start and end of the secret, to recognise it by, such as `latchkey_3fK9…Xa2p`." })
  @StringColumn(32)
  readonly hint!: string;

  /** All that is kept of the secret. Never read back with the key, so that it stands in no answer by mistake. */
  @Column({ type: "blob", select: false })
  readonly digest?: Buffer;

  @Field()
  @TimestampColumn()
  readonly createdAt!: Date;

  @Field(() => Date, { nullable: true, description: "Kept up to date to within a minute or so; null if never used." })
  @TimestampColumn({ nullable: true })
  readonly lastUsedAt!: Date | null;

  @Field(() => Date, { nullable: true })
  @TimestampColumn({ nullable: true })
  readonly revokedAt!: Date | null;

  /** The name of who revoked it, for those who look into the database later. */
  @StringColumn(120, { nullable: true })
  readonly revokedBy!: string | null;

  @Field(() => ApiKeyStatus)
  get status(): ApiKeyStatus {
    return this.revokedAt ? ApiKeyStatus.REVOKED : ApiKeyStatus.ACTIVE;
  }
}
