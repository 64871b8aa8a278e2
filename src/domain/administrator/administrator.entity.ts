import { Field, ID, ObjectType, registerEnumType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { AdministratorRole } from "../../auth/permissions";
import { PrimaryIdColumn, StringColumn, TimestampColumn } from "../../platform/database/columns";

export const AdministratorStatus = { ACTIVE: "ACTIVE", REVOKED: "REVOKED" } as const;
export type AdministratorStatus = keyof typeof AdministratorStatus;
registerEnumType(AdministratorStatus, { name: "AdministratorStatus" });

@Entity("administrator")
@ObjectType({
  description:
    "An administrator by name, with a key of its own or known to an OpenID Connect issuer. The root key of the configuration is none.",
})
export class Administrator {
  @Field(() => ID)
  @PrimaryIdColumn()
  readonly id!: string;

  @Field({ description: "Unique among the active administrators with keys." })
  @StringColumn(120)
  readonly name!: string;

  /** The name while it is taken; null for the revoked, and for those whose names an issuer gives. */
  @StringColumn(120, { nullable: true })
  readonly activeName!: string | null;

  @Field(() => AdministratorRole)
  @StringColumn(16)
  readonly role!: AdministratorRole;

  @Field(() => [ID], {
    nullable: true,
    description:
      "The apps that the administrator is confined to; null if it reaches all. Every other app is answered as if it did not exist.",
  })
  @Column({
    type: "text",
    nullable: true,
    transformer: {
      to: (ids: readonly string[] | null | undefined) => ids && JSON.stringify(ids),
      from: (json: string | null) => (json === null ? null : (JSON.parse(json) as string[])),
    },
  })
  readonly appIds!: string[] | null;

  @Field(() => AdministratorStatus)
  @StringColumn(16)
  readonly status!: AdministratorStatus;

  /** The SHA-256 of the secret. Not selected by default, so that no response contains it by mistake. */
  @Column({ type: "blob", nullable: true, select: false })
  readonly digest?: Buffer | null;

  @Field(() => String, {
    nullable: true,
    description:
      "The start and the end of the secret, such as `latchkeyadm_3fK9…Xa2p`; null if the administrator has no key.",
  })
  @StringColumn(40, { nullable: true })
  readonly hint!: string | null;

  /** Raised when the key is replaced. */
  @Column({ type: "int" })
  readonly keyVersion!: number;

  @Field(() => Date, { nullable: true, description: "When the key was made; null if the administrator has no key." })
  @TimestampColumn({ nullable: true })
  readonly keyCreatedAt!: Date | null;

  @Field(() => String, { nullable: true, description: "The OpenID Connect issuer that names the administrator." })
  @StringColumn(500, { nullable: true })
  readonly issuer!: string | null;

  @Field(() => String, { nullable: true, description: "The subject, as the issuer names it." })
  @StringColumn(255, { nullable: true })
  readonly subject!: string | null;

  /** The SHA-256 of issuer and subject, by which they are found. */
  @Column({ type: "blob", nullable: true, select: false })
  readonly subjectDigest?: Buffer | null;

  /** When the newest token was issued that decides the role. */
  @TimestampColumn({ nullable: true })
  readonly tokenIssuedAt!: Date | null;

  @Field()
  @TimestampColumn()
  readonly createdAt!: Date;

  @Field({ description: "The name of the caller that created the administrator, or of the issuer." })
  @StringColumn(120)
  readonly createdBy!: string;

  @Field(() => Date, { nullable: true })
  @TimestampColumn({ nullable: true })
  readonly revokedAt!: Date | null;

  @Field(() => String, { nullable: true, description: "The name of the caller that revoked the administrator." })
  @StringColumn(120, { nullable: true })
  readonly revokedBy!: string | null;

  @Field(() => String, { nullable: true, description: "As it was given with the revocation." })
  @StringColumn(500, { nullable: true })
  readonly revokedReason!: string | null;
}
