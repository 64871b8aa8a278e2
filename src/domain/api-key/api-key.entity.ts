import { Field, ID, ObjectType, registerEnumType } from "type-graphql";
import { Column, Entity, JoinColumn, ManyToOne, PrimaryColumn } from "typeorm";
import { Scope } from "../scope/scope.entity";

export const ApiKeyStatus = { ACTIVE: "ACTIVE", REVOKED: "REVOKED" } as const;
export type ApiKeyStatus = keyof typeof ApiKeyStatus;
registerEnumType(ApiKeyStatus, { name: "ApiKeyStatus" });

@Entity("api_key")
@ObjectType({
  description: "A credential of a scope. It has no expiry: it is valid until it is revoked, and then never again.",
})
export class ApiKey {
  @Field(() => ID)
  @PrimaryColumn({ type: "varchar", length: 36 })
  readonly id!: string;

  @Column({ type: "varchar", length: 36 })
  readonly appId!: string;

  @Column({ type: "varchar", length: 36 })
  readonly scopeId!: string;

  /** Only for the one statement that finds a key together with its scope. */
  @ManyToOne(() => Scope)
  @JoinColumn({ name: "scopeId" })
  readonly joinedScope?: Scope;

  @Field()
  @Column({ type: "varchar", length: 120 })
  readonly name!: string;

  @Field({ description: "The start and end of the secret, to recognise it by, such as `latchkey_3fK9…Xa2p`." })
  @Column({ type: "varchar", length: 32 })
  readonly hint!: string;

  /** All that is kept of the secret. Never read back with the key, so that it stands in no answer by mistake. */
  @Column({ type: "blob", select: false })
  readonly digest?: Buffer;

  @Field()
  @Column({ type: "datetime", precision: 3 })
  readonly createdAt!: Date;

  @Field(() => Date, { nullable: true, description: "Kept up to date to within a minute or so; null if never used." })
  @Column({ type: "datetime", precision: 3, nullable: true })
  readonly lastUsedAt!: Date | null;

  @Field(() => Date, { nullable: true })
  @Column({ type: "datetime", precision: 3, nullable: true })
  readonly revokedAt!: Date | null;

  /** The name of who revoked it, for those who look into the database later. */
  @Column({ type: "varchar", length: 120, nullable: true })
  readonly revokedBy!: string | null;

  @Field(() => ApiKeyStatus)
  get status(): ApiKeyStatus {
    return this.revokedAt ? ApiKeyStatus.REVOKED : ApiKeyStatus.ACTIVE;
  }
}
