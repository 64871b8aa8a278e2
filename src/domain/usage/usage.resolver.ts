import { Args, Query, Resolver } from "type-graphql";
import { RequireAdmin } from "../../auth/require";
import { AppUsageArgs, UsageReport } from "./usage.input";
import { UsageService } from "./usage.service";

@Resolver()
export class UsageResolver {
  constructor(private readonly usageService: UsageService) {}

  @Query(() => UsageReport, {
    description: "The usage of the keys of an app. Other instances may have counted more in the last minute.",
  })
  @RequireAdmin("KEY_MANAGER", "AUDITOR")
  usage(@Args() args: AppUsageArgs): Promise<UsageReport> {
    return this.usageService.ofApp(args);
  }
}
