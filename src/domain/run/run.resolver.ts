import { Arg, Args, FieldResolver, ID, Mutation, Query, Resolver, Root, Subscription } from "type-graphql";
import { Agent } from "../agent/agent.entity";
import { AgentService } from "../agent/agent.service";
import { ApiKey } from "../api-key/api-key.entity";
import { ApiKeyService } from "../api-key/api-key.service";
import { Principal } from "../api-key/principal.entity";
import { RequireAgent, RequireRuntime, RequireRuntimeToRead } from "../../auth/require";
import { Session } from "../session/session.entity";
import { SessionService } from "../session/session.service";
import { Run } from "./run.entity";
import { CancelRunInput, ExecuteAgentInput, ExecuteAgentPayload, RunEventsArgs, RunPayload } from "./run.input";
import { RunEvent } from "./run-event.entity";
import { RunService } from "./run.service";

/** The part of a request's context that subscriptions use. */
interface RunContext {
  readonly runService: RunService;
  readonly resumeAfter: (runId: string) => number | undefined;
}

@Resolver(() => Run)
export class RunResolver {
  constructor(
    private readonly runService: RunService,
    private readonly sessionService: SessionService,
    private readonly agentService: AgentService,
    private readonly apiKeyService: ApiKeyService,
  ) {}

  @Query(() => Run, { nullable: true })
  @RequireRuntimeToRead("RUN")
  run(@Arg("id", () => ID) id: string): Promise<Run | null> {
    return this.runService.find(id);
  }

  @Mutation(() => ExecuteAgentPayload, {
    description: "Executes an agent in a session. Opens the session if it does not exist.",
  })
  @RequireRuntime("RUN")
  executeAgent(@Arg("input") input: ExecuteAgentInput): Promise<ExecuteAgentPayload> {
    return this.runService.execute(input);
  }

  @Mutation(() => RunPayload, { description: "Cancels a run. A run that has finished stays as it is." })
  @RequireRuntime("RUN")
  async cancelRun(@Arg("input") { id }: CancelRunInput): Promise<RunPayload> {
    return { run: await this.runService.cancel(id) };
  }

  @Subscription(() => RunEvent, {
    subscribe({ args, context }) {
      const { runService, resumeAfter } = context as RunContext;
      return runService.events(args as RunEventsArgs, resumeAfter);
    },
    description:
      "The events of a run, from the first one or from the one after the index `after`. A stream that is opened again goes on behind the last event that the client says it has had: by the argument, by `after` in the request's `extensions` or in the payload of `connection_init`, or by the header `Last-Event-ID`. Stored events are replayed, also of a finished run. The stream ends after the last event (RunFinished), or immediately if the key is revoked.",
  })
  @RequireRuntimeToRead("RUN")
  runEvents(@Root() event: RunEvent, @Args() _args: RunEventsArgs): RunEvent {
    return event;
  }

  @FieldResolver(() => Session)
  session(@Root() { sessionId }: Run): Promise<Session> {
    return this.sessionService.get(sessionId);
  }

  @FieldResolver(() => Principal, {
    nullable: true,
    description: "The caller that executed the agent. Null if an earlier version of the server has accepted the run.",
  })
  @RequireRuntime("SESSION_VIEW")
  startedBy(@Root() run: Run): Principal | null {
    return this.runService.starterOf(run);
  }

  @FieldResolver(() => ApiKey, {
    nullable: true,
    description:
      "The key that executed the agent; null for an administrator. If it loses the permission RUN, the run is cancelled.",
  })
  @RequireRuntime("SESSION_VIEW")
  apiKey(@Root() { apiKeyId }: Run): Promise<ApiKey | null> {
    return this.apiKeyService.findIfAny(apiKeyId);
  }

  @FieldResolver(() => Agent, { nullable: true, description: "Null if it was deleted." })
  @RequireAgent("VIEW")
  agent(@Root() { agentId }: Run): Promise<Agent | null> {
    return this.agentService.find(agentId);
  }
}
