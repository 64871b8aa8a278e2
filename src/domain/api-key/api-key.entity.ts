import { Field, ID, ObjectType, registerEnumType } from "type-graphql";
import { Column, Entity, JoinColumn, ManyToOne } from "typeorm";
import { Scope } from "../scope/scope.entity";
import { IdColumn, PrimaryIdColumn, StringColumn, TimestampColumn } from "../../platform/database/columns";

export const ApiKeyStatus = { ACTIVE: "ACTIVE", REVOKED: "REVOKED" } as const;
export type ApiKeyStatus = keyof typeof ApiKeyStatus;
registerEnumType(ApiKeyStatus, { name: "ApiKeyStatus" });

@Entity("api_key")
@ObjectType({
  description: "A credential of a scope. It does not expire: it is valid until it is revoked, which is final.",
})
export class ApiKey {
  @Field(() => ID)
  @PrimaryIdColumn()
  readonly id!: string;

  @IdColumn()
  readonly appId!: string;

  @IdColumn()
  readonly scopeId!: string;

  /** Only for the one statement that reads a key together with its scope. */
  @ManyToOne(() => Scope)
  @JoinColumn({ name: "scopeId" })
  readonly joinedScope?: Scope;

  @Field({ description: "Unique among the active keys of the scope." })
  @StringColumn(120)
  readonly name!: string;

  @Field({ description: "The start and the end of the secret, to recognize it by, such as `latchkey_3fK9…Xa2p`." })
  @StringColumn(32)
  readonly hint!: string;

  /** The SHA-256 of the secret. Not selected by default, so that no response contains it by mistake. */
  @Column({ type: "blob", select: false })
  readonly digest?: Buffer;

  @Field()
  @TimestampColumn()
  readonly createdAt!: Date;

  @Field(() => Date, { nullable: true, description: "Updated about once a minute; null if the key was never used." })
  @TimestampColumn({ nullable: true })
  readonly lastUsedAt!: Date | null;

  @Field(() => Date, { nullable: true })
  @TimestampColumn({ nullable: true })
  readonly revokedAt!: Date | null;

  /** The name of the caller that revoked the key, for people who inspect the database. */
  @StringColumn(120, { nullable: true })
  readonly revokedBy!: string | null;

  @Field(() => ApiKeyStatus)
  get status(): ApiKeyStatus {
    return this.revokedAt ? ApiKeyStatus.REVOKED : ApiKeyStatus.ACTIVE;
  }
}
