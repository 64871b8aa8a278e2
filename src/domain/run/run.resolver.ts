import { Arg, Args, FieldResolver, ID, Mutation, Query, Resolver, Root, Subscription } from "type-graphql";
import { Agent } from "../agent/agent.entity";
import { AgentService } from "../agent/agent.service";
import { RequireAgent, RequireRuntime } from "../../auth/require";
import { Session } from "../session/session.entity";
import { SessionService } from "../session/session.service";
import { Run } from "./run.entity";
import { CancelRunInput, ExecuteAgentInput, ExecuteAgentPayload, RunEventsArgs, RunPayload } from "./run.input";
import { RunEvent } from "./run-event.entity";
import { RunService } from "./run.service";

/** The part of a request's context that subscriptions use. */
interface RunContext {
  readonly runService: RunService;
}

@Resolver(() => Run)
export class RunResolver {
  constructor(
    private readonly runService: RunService,
    private readonly sessionService: SessionService,
    private readonly agentService: AgentService,
  ) {}

  @Query(() => Run, { nullable: true })
  @RequireRuntime("RUN")
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
    subscribe: ({ args, context }) => (context as RunContext).runService.events(args as RunEventsArgs),
    description:
      "The events of a run, from the first one or from the one after the index `after`. Stored events are replayed, also of a finished run. The stream ends after the last event (RunFinished), or immediately if the key is revoked.",
  })
  @RequireRuntime("RUN")
  runEvents(@Root() event: RunEvent, @Args() _args: RunEventsArgs): RunEvent {
    return event;
  }

  @FieldResolver(() => Session)
  session(@Root() { sessionId }: Run): Promise<Session> {
    return this.sessionService.get(sessionId);
  }

  @FieldResolver(() => Agent, { nullable: true, description: "Null if it was deleted." })
  @RequireAgent("VIEW")
  agent(@Root() { agentId }: Run): Promise<Agent | null> {
    return this.agentService.find(agentId);
  }
}
