import { Arg, Args, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { App } from "../app/app.entity";
import { AppService } from "../app/app.service";
import { RequireAgent, RequireAllAgents } from "../../auth/require";
import type { Page } from "../../platform/database/pages";
import { SearchArgs } from "../../schema-types/pages";
import { RequestedProperties } from "../../schema-types/requested-properties";
import { DeletedPayload } from "../../schema-types/deleted.payload";
import { Agent } from "./agent.entity";
import { AgentConnection, AgentPayload, CreateAgentInput, DeleteAgentInput, UpdateAgentInput } from "./agent.input";
import { AgentService } from "./agent.service";

@Resolver(() => Agent)
export class AgentResolver {
  constructor(
    private readonly agentService: AgentService,
    private readonly appService: AppService,
  ) {}

  @Query(() => AgentConnection, {
    description: "The agents of an app, oldest first. An administrator must pass `appId`.",
  })
  @RequireAgent("VIEW")
  agents(
    @Arg("appId", () => ID, { nullable: true }) appId: string | null,
    @Args() page: SearchArgs,
    @RequestedProperties() properties: readonly string[],
  ): Promise<Page<Agent>> {
    return this.agentService.list(appId, page, properties);
  }

  @Query(() => Agent, { nullable: true, description: "Null if the agent does not exist." })
  @RequireAgent("VIEW")
  agent(@Arg("id", () => ID) id: string): Promise<Agent | null> {
    return this.agentService.find(id);
  }

  @Mutation(() => AgentPayload, { description: "Creates an agent in an app." })
  @RequireAllAgents()
  async createAgent(@Arg("input") input: CreateAgentInput): Promise<AgentPayload> {
    return { agent: await this.agentService.create(input) };
  }

  @Mutation(() => AgentPayload, { description: "Updates an agent. Runs that are being executed are not affected." })
  @RequireAgent("EDIT")
  async updateAgent(@Arg("input") input: UpdateAgentInput): Promise<AgentPayload> {
    return { agent: await this.agentService.update(input) };
  }

  @Mutation(() => DeletedPayload, {
    description: "Deletes an agent. Its sessions and runs keep their messages and output.",
  })
  @RequireAgent("FULL")
  async deleteAgent(@Arg("input") { id }: DeleteAgentInput): Promise<DeletedPayload> {
    await this.agentService.delete(id);
    return { id };
  }

  @FieldResolver(() => App)
  app(@Root() { appId }: Agent): Promise<App> {
    return this.appService.get(appId);
  }
}
