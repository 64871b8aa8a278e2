import { Arg, Args, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { App } from "../app/app.entity";
import { AppService } from "../app/app.service";
import { RequireRuntime } from "../../auth/require";
import type { Page } from "../../platform/database/pages";
import { PageArgs } from "../../schema-types/pages";
import type { Message } from "./message.entity";
import { Session } from "./session.entity";
import {
  CreateSessionInput,
  MessageConnection,
  SessionConnection,
  SessionFilter,
  SessionPayload,
} from "./session.input";
import { SessionService } from "./session.service";

@Resolver(() => Session)
export class SessionResolver {
  constructor(
    private readonly sessionService: SessionService,
    private readonly appService: AppService,
  ) {}

  @Query(() => SessionConnection, {
    description: "The sessions of an app, newest first. An administrator must pass `appId`.",
  })
  @RequireRuntime("SESSION_VIEW")
  sessions(
    @Arg("appId", () => ID, { nullable: true }) appId: string | null,
    @Arg("filter", () => SessionFilter, { nullable: true }) filter: SessionFilter | null,
    @Args() page: PageArgs,
  ): Promise<Page<Session>> {
    return this.sessionService.list(appId, filter, page);
  }

  @Query(() => Session, { nullable: true, description: "Null if the session does not exist." })
  @RequireRuntime("SESSION_VIEW")
  session(@Arg("id", () => ID) id: string): Promise<Session | null> {
    return this.sessionService.find(id);
  }

  @Mutation(() => SessionPayload, {
    description: "Opens a session. CONFLICT if an active session of the app has the same reference.",
  })
  @RequireRuntime("SESSION_CREATE")
  async createSession(@Arg("input") input: CreateSessionInput): Promise<SessionPayload> {
    return { session: await this.sessionService.create(input) };
  }

  @FieldResolver(() => String, {
    nullable: true,
    description:
      "Your own name for the session, unique among the active sessions of the app; of the scope if it was opened by a key of a scope with `sessions: OWN`.",
  })
  reference(@Root() { reference, scopedReference }: Session): string | null {
    return reference ?? scopedReference;
  }

  @FieldResolver(() => App)
  app(@Root() { appId }: Session): Promise<App> {
    return this.appService.get(appId);
  }

  @FieldResolver(() => MessageConnection, { description: "Oldest first." })
  @RequireRuntime("SESSION_VIEW")
  messages(@Root() session: Session, @Args() page: PageArgs): Promise<Page<Message>> {
    return this.sessionService.messages(session, page);
  }
}
