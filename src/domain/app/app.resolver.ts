import { Arg, Args, ID, Mutation, Query, Resolver } from "type-graphql";
import { RequireAdmin } from "../../auth/require";
import { type Page } from "../../platform/database/page-loader";
import { PageArgs } from "../../schema-types/pages";
import { App } from "./app.entity";
import { AppConnection, AppPayload, CreateAppInput, UpdateAppInput } from "./app.input";
import { AppService } from "./app.service";

@Resolver(() => App)
export class AppResolver {
  constructor(private readonly appService: AppService) {}

  @Query(() => AppConnection, { description: "All apps, oldest first." })
  @RequireAdmin()
  apps(@Args() page: PageArgs): Promise<Page<App>> {
    return this.appService.list(page);
  }

  @Query(() => App, { nullable: true, description: "Null if the app does not exist." })
  @RequireAdmin()
  app(@Arg("id", () => ID) id: string): Promise<App | null> {
    return this.appService.find(id);
  }

  @Mutation(() => AppPayload, { description: "Creates an app." })
  @RequireAdmin()
  async createApp(@Arg("input") input: CreateAppInput): Promise<AppPayload> {
    return { app: await this.appService.create(input) };
  }

  @Mutation(() => AppPayload, { description: "Changes the name, the description or the limits of an app." })
  @RequireAdmin()
  async updateApp(@Arg("input") input: UpdateAppInput): Promise<AppPayload> {
    return { app: await this.appService.update(input) };
  }
}
