import { Field, ID, InputType, Int, ObjectType } from "type-graphql";
import { countedConnectionOf } from "../../schema-types/pages";
import { AuditAction } from "./audit-action";
import { AuditEntry } from "./audit-entry.entity";

@InputType({
  description:
    "An entry must match every field that is given; null and left out mean the same. At most one of `action`, `actorId` and `targetId` may be given.",
})
export class AuditFilter {
  @Field(() => AuditAction, { nullable: true })
  action?: AuditAction | null;

  @Field(() => ID, { nullable: true, description: "The API key or the named administrator that did it." })
  actorId?: string | null;

  @Field(() => ID, { nullable: true, description: "The id of its target, such as a scope or an API key." })
  targetId?: string | null;

  @Field(() => Date, { nullable: true, description: "When the entry was written: exclusive." })
  createdAfter?: Date | null;

  @Field(() => Date, { nullable: true, description: "When the entry was written: exclusive." })
  createdBefore?: Date | null;
}

export const AuditEntryConnection = countedConnectionOf(AuditEntry, "AuditEntryConnection");

@ObjectType({ description: "The first entry of a chain of the audit log that does not verify." })
export class AuditFault {
  @Field(() => Int)
  readonly sequence!: number;

  @Field({ description: "Such as `it was changed`." })
  readonly problem!: string;
}

@ObjectType({ description: "The result of the verification of a part of a chain of the audit log." })
export class AuditVerification {
  @Field(() => Int, { description: "The last entry that was verified; pass it as `after` to verify the next ones." })
  readonly verifiedUpTo!: number;

  @Field(() => Int, { description: "The last entry of the chain at this moment; 0 if there is none." })
  readonly lastSequence!: number;

  @Field(() => AuditFault, { nullable: true, description: "Null if these entries are as they were written." })
  readonly fault!: AuditFault | null;
}
