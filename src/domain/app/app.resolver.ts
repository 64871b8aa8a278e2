import { Arg, Args, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { RequireAdmin, RequireAdminOfAllApps } from "../../auth/require";
import type { Page } from "../../platform/database/pages";
import { SearchArgs } from "../../schema-types/pages";
import { App } from "./app.entity";
import { AppConnection, AppPayload, CreateAppInput, UpdateAppInput } from "./app.input";
import { AppLimits } from "./app-limits.entity";
import type { LimitsOfApp } from "./app-limits.resolver";
import { AppService } from "./app.service";

@Resolver(() => App)
export class AppResolver {
  constructor(private readonly appService: AppService) {}

  @Query(() => AppConnection, {
    description: "All apps, oldest first; those of an administrator who is confined to some.",
  })
  @RequireAdmin("KEY_MANAGER", "AUDITOR")
  apps(@Args() page: SearchArgs): Promise<Page<App>> {
    return this.appService.list(page);
  }

  @Query(() => App, { nullable: true, description: "Null if the app does not exist." })
  @RequireAdmin("KEY_MANAGER", "AUDITOR")
  app(@Arg("id", () => ID) id: string): Promise<App | null> {
    return this.appService.find(id);
  }

  @Mutation(() => AppPayload, { description: "Creates an app." })
  @RequireAdminOfAllApps()
  createApp(@Arg("input") input: CreateAppInput): Promise<AppPayload> {
    return this.appService.create(input);
  }

  @Mutation(() => AppPayload, {
    description: "Changes the name, the description, the limits or the `eventUrl` of an app.",
  })
  @RequireAdmin()
  updateApp(@Arg("input") input: UpdateAppInput): Promise<AppPayload> {
    return this.appService.update(input);
  }

  @FieldResolver(() => AppLimits)
  limits(@Root() { id, limits }: App): LimitsOfApp {
    return { ...limits, appId: id };
  }
}
