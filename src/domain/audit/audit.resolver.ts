import { Arg, Args, ID, Int, Query, Resolver } from "type-graphql";
import { RequireAdmin } from "../../auth/require";
import type { Page } from "../../platform/database/pages";
import { PageArgs } from "../../schema-types/pages";
import type { AuditEntry } from "./audit-entry.entity";
import { AuditEntryConnection, AuditFilter, AuditVerification } from "./audit.input";
import { AuditService } from "./audit.service";

@Resolver()
export class AuditResolver {
  constructor(private readonly auditService: AuditService) {}

  @Query(() => AuditEntryConnection, {
    description:
      "The changes and refusals in an app, newest first; without `appId`, the changes above apps. The entries of a deleted app stay.",
  })
  @RequireAdmin("AUDITOR")
  auditLog(
    @Arg("appId", () => ID, { nullable: true }) appId: string | null,
    @Arg("filter", () => AuditFilter, { nullable: true }) filter: AuditFilter | null,
    @Args() page: PageArgs,
  ): Promise<Page<AuditEntry>> {
    return this.auditService.list(appId, filter, page);
  }

  @Query(() => AuditVerification, {
    description:
      "Verifies up to 500 entries of an app's audit log, or without `appId` of what is above apps: their hashes, their signatures and their order. `latchkey audit verify` compares the log of the server as well.",
  })
  @RequireAdmin("AUDITOR")
  auditVerification(
    @Arg("appId", () => ID, { nullable: true }) appId: string | null,
    @Arg("after", () => Int, {
      nullable: true,
      defaultValue: 0,
      description: "The entry up to which the log was verified before; only its own signature is verified again.",
    })
    after: number | null,
  ): Promise<AuditVerification> {
    return this.auditService.verify(appId, after ?? 0);
  }
}
