import { Arg, Args, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { RequireAdmin } from "../../auth/require";
import type { Page } from "../../platform/database/pages";
import { DeletedPayload } from "../../schema-types/deleted.payload";
import { PageArgs } from "../../schema-types/pages";
import { App } from "../app/app.entity";
import { AppService } from "../app/app.service";
import { AppToolServer } from "./tool-server.entity";
import {
  CreateToolServerInput,
  DeleteToolServerInput,
  TestToolServerInput,
  TestToolServerPayload,
  ToolServerConnection,
  ToolServerPayload,
  UpdateToolServerInput,
} from "./tool-server.input";
import { ToolServerService } from "./tool-server.service";

@Resolver(() => AppToolServer)
export class ToolServerResolver {
  constructor(
    private readonly toolServerService: ToolServerService,
    private readonly appService: AppService,
  ) {}

  @Query(() => ToolServerConnection, { description: "The tool servers of an app, oldest first." })
  @RequireAdmin("AUDITOR")
  toolServers(@Arg("appId", () => ID) appId: string, @Args() page: PageArgs): Promise<Page<AppToolServer>> {
    return this.toolServerService.list(appId, page);
  }

  @Query(() => AppToolServer, { nullable: true, description: "Null if the tool server does not exist." })
  @RequireAdmin("AUDITOR")
  toolServer(@Arg("id", () => ID) id: string): Promise<AppToolServer | null> {
    return this.toolServerService.find(id);
  }

  @Mutation(() => ToolServerPayload, { description: "Adds a tool server to an app." })
  @RequireAdmin()
  async createToolServer(@Arg("input") input: CreateToolServerInput): Promise<ToolServerPayload> {
    return { toolServer: await this.toolServerService.create(input) };
  }

  @Mutation(() => ToolServerPayload, {
    description: "Changes the name, the address or the headers of a tool server, for all agents that use it.",
  })
  @RequireAdmin()
  async updateToolServer(@Arg("input") input: UpdateToolServerInput): Promise<ToolServerPayload> {
    return { toolServer: await this.toolServerService.update(input) };
  }

  @Mutation(() => DeletedPayload, { description: "Deletes a tool server. CONFLICT if agents use it." })
  @RequireAdmin()
  async deleteToolServer(@Arg("input") { id }: DeleteToolServerInput): Promise<DeletedPayload> {
    await this.toolServerService.delete(id);
    return { id };
  }

  @Mutation(() => TestToolServerPayload, {
    description: "Connects to a tool server, and reports which tools it offers.",
  })
  @RequireAdmin()
  testToolServer(@Arg("input") { id }: TestToolServerInput): Promise<TestToolServerPayload> {
    return this.toolServerService.test(id);
  }

  @FieldResolver(() => App)
  app(@Root() { appId }: AppToolServer): Promise<App> {
    return this.appService.get(appId);
  }
}
