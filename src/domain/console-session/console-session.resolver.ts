import { Arg, Args, FieldResolver, Mutation, Query, Resolver, Root } from "type-graphql";
import type { Caller } from "../../auth/caller";
import { RequireAdminOfAllApps } from "../../auth/require";
import type { AuditTrail } from "../audit/audit-trail";
import type { Page } from "../../platform/database/pages";
import { PageArgs } from "../../schema-types/pages";
import { ConsoleSession } from "./console-session.entity";
import { ConsoleSessionConnection, ConsoleSessionPayload, EndConsoleSessionInput } from "./console-session.input";
import type { ConsoleSessions } from "./console-sessions";

@Resolver(() => ConsoleSession)
export class ConsoleSessionResolver {
  constructor(
    private readonly sessions: ConsoleSessions,
    private readonly caller: Caller,
    private readonly audit: AuditTrail,
  ) {}

  @Query(() => ConsoleSessionConnection, {
    description: "The open sessions of all administrators at the console, newest first.",
  })
  @RequireAdminOfAllApps("AUDITOR")
  consoleSessions(@Args() page: PageArgs): Promise<Page<ConsoleSession>> {
    return this.sessions.list(page);
  }

  @Mutation(() => ConsoleSessionPayload, {
    description:
      "Signs a browser out of the console. Once the mutation is answered, the session is refused everywhere. A session that is over stays as it is.",
  })
  @RequireAdminOfAllApps()
  async endConsoleSession(@Arg("input") { id }: EndConsoleSessionInput): Promise<ConsoleSessionPayload> {
    return { consoleSession: await this.sessions.end(id, this.audit.actor, this.audit.origin) };
  }

  @FieldResolver(() => Boolean, { description: "Whether this request came with it." })
  isCurrent(@Root() { id }: ConsoleSession): boolean {
    return this.caller.console?.sessionId === id;
  }
}
