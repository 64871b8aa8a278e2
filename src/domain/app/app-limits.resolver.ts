import { FieldResolver, Resolver, Root } from "type-graphql";
import { RequireAdmin } from "../../auth/require";
import { AppLimitUsage } from "./app-limit-usage";
import { AppLimits } from "./app-limits.entity";
import { AppService } from "./app.service";

@Resolver(() => AppLimits)
export class AppLimitsResolver {
  constructor(private readonly appService: AppService) {}

  @FieldResolver(() => AppLimitUsage, {
    description:
      "The current use of the limits. It leaves out rates of requests, and streams and other things that each instance counts by itself.",
  })
  @RequireAdmin("KEY_MANAGER", "AUDITOR")
  usage(@Root() { appId }: LimitsOfApp): Promise<AppLimitUsage> {
    return this.appService.limitUsage(appId);
  }
}

/** The value of `App.limits`. */
export type LimitsOfApp = AppLimits & { readonly appId: string };
