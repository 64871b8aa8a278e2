import { GraphQLJSONObject } from "graphql-scalars";
import { Field, ID, Int, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { IdColumn, PrimaryIdColumn, StringColumn, TextColumn, TimestampColumn } from "../../platform/database/columns";
import { AuditAction, AuditActorKind, AuditTargetType } from "./audit-action";

@ObjectType({ description: "The caller that did something." })
export class AuditActor {
  @Field(() => AuditActorKind)
  readonly kind!: AuditActorKind;

  @Field(() => ID, { nullable: true, description: "Null for the holder of `ADMIN_KEY`, a command, and the server." })
  readonly id!: string | null;

  @Field({ description: "The name at that time." })
  readonly name!: string;
}

@ObjectType({ description: "The target of an action." })
export class AuditTarget {
  @Field(() => AuditTargetType)
  readonly type!: AuditTargetType;

  @Field(() => ID)
  readonly id!: string;

  @Field({ description: "The name at that time." })
  readonly name!: string;
}

@Entity("audit_entry")
@ObjectType({
  description:
    "An entry of the audit log. Entries are never changed: each has the hash of the previous one, and is signed.",
})
export class AuditEntry {
  @Field(() => ID)
  @PrimaryIdColumn()
  readonly id!: string;

  /** An app's id, or `server`. It may outlive the app. */
  @IdColumn()
  readonly chainId!: string;

  @Field(() => Int, { description: "The number of the entry in its chain, from 1." })
  @Column({ type: "int" })
  readonly sequence!: number;

  @Field({ description: "For refusals, when the first of them happened." })
  @TimestampColumn()
  readonly at!: Date;

  @StringColumn(16)
  readonly actorKind!: AuditActorKind;

  @IdColumn({ nullable: true })
  readonly actorId!: string | null;

  @StringColumn(120)
  readonly actorName!: string;

  @Field(() => AuditAction)
  @StringColumn(40)
  readonly action!: AuditAction;

  @StringColumn(24)
  readonly targetType!: AuditTargetType;

  @IdColumn()
  readonly targetId!: string;

  @StringColumn(120)
  readonly targetName!: string;

  /** JSON, as it was hashed. */
  @TextColumn({ nullable: true })
  readonly fieldsBefore!: string | null;

  @TextColumn({ nullable: true })
  readonly fieldsAfter!: string | null;

  @Field(() => Int, {
    description: "How often it happened; more than 1 for refusals only, which are counted for a minute.",
  })
  @Column({ type: "int" })
  readonly occurrences!: number;

  @Field(() => String, { nullable: true, description: "The address of the client, if there is one and it is kept." })
  @StringColumn(45, { nullable: true })
  readonly address!: string | null;

  @Field(() => String, { nullable: true, description: "The `x-request-id` of the request." })
  @StringColumn(128, { nullable: true })
  readonly requestId!: string | null;

  @Field({ description: "The hash of the previous entry of the chain: SHA-256, in hexadecimal." })
  @StringColumn(64)
  readonly previousHash!: string;

  @Field({ description: "The hash of this entry, which covers all of its fields and the previous hash." })
  @StringColumn(64)
  readonly hash!: string;

  @StringColumn(16)
  readonly keyId!: string;

  @StringColumn(88)
  readonly signature!: string;

  @Field(() => AuditActor)
  get actor(): AuditActor {
    return { kind: this.actorKind, id: this.actorId, name: this.actorName };
  }

  @Field(() => AuditTarget)
  get target(): AuditTarget {
    return { type: this.targetType, id: this.targetId, name: this.targetName };
  }

  @Field(() => GraphQLJSONObject, {
    nullable: true,
    description: "The fields that a change replaced or deleted, with their old values. Secrets are never among them.",
  })
  get before(): object | null {
    return parsed(this.fieldsBefore);
  }

  @Field(() => GraphQLJSONObject, {
    nullable: true,
    description: "The fields that changed, or all fields of something new, with their new values.",
  })
  get after(): object | null {
    return parsed(this.fieldsAfter);
  }
}

const parsed = (json: string | null): object | null => (json === null ? null : (JSON.parse(json) as object));
