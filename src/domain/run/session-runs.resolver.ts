import { Args, FieldResolver, Resolver, Root } from "type-graphql";
import { RequireRuntime } from "../../auth/require";
import type { Page } from "../../platform/database/pages";
import { PageArgs } from "../../schema-types/pages";
import { Session } from "../session/session.entity";
import type { Run } from "./run.entity";
import { RunConnection } from "./run.input";
import { RunService } from "./run.service";

/** The fields of a session that belong to runs. */
@Resolver(() => Session)
export class SessionRunsResolver {
  constructor(private readonly runService: RunService) {}

  @FieldResolver(() => RunConnection, { description: "Newest first." })
  @RequireRuntime("SESSION_VIEW")
  runs(@Root() session: Session, @Args() page: PageArgs): Promise<Page<Run>> {
    return this.runService.listOf(session, page);
  }
}
