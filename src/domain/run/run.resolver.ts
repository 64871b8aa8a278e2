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

/** What the source of a subscription finds in the context of its request. */
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

  @Mutation(() => ExecuteAgentPayload, { description: "Opens the session that it names if there is none." })
  @RequireRuntime("RUN")
  executeAgent(@Arg("input") input: ExecuteAgentInput): Promise<ExecuteAgentPayload> {
    return this.runService.execute(input);
  }

  @Mutation(() => RunPayload, { description: "A run that has finished stays as it is." })
  @RequireRuntime("RUN")
  async cancelRun(@Arg("input") { id }: CancelRunInput): Promise<RunPayload> {
    return { run: await this.runService.cancel(id) };
  }

  @Subscription(() => RunEvent, {
    subscribe: ({ args, context }) => (context as RunContext).runService.events(args as RunEventsArgs),
    description:
      "What happens in a run, from its first event or from behind the one with the index `after`, as often as asked, also when it is finished. Ends with its last event (RunFinished). Revoking the key ends it at once.",
  })
  @RequireRuntime("RUN")
  runEvents(@Root() event: RunEvent, @Args() _args: RunEventsArgs): RunEvent {
    return event;
  }

  @FieldResolver(() => Session)
  session(@Root() { sessionId }: Run): Promise<Session> {
    return this.sessionService.get(sessionId);
  }

  @FieldResolver(() => Agent, { nullable: true, description: "Null where it has been deleted." })
  @RequireAgent("VIEW")
  agent(@Root() { agentId }: Run): Promise<Agent | null> {
    return this.agentService.find(agentId);
  }
}
