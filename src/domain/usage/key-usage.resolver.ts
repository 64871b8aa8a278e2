import { Args, FieldResolver, Resolver, Root } from "type-graphql";
import { RequireAdmin } from "../../auth/require";
import { ApiKey } from "../api-key/api-key.entity";
import { KeyUsageArgs, UsageCounts } from "./usage.input";
import { UsageService } from "./usage.service";

/** The field of a key that the room of keys does not know. */
@Resolver(() => ApiKey)
export class KeyUsageResolver {
  constructor(private readonly usageService: UsageService) {}

  @FieldResolver(() => UsageCounts, { description: "The usage of the key in a period; see `Query.usage`." })
  @RequireAdmin("KEY_MANAGER", "AUDITOR")
  usage(@Root() apiKey: ApiKey, @Args() period: KeyUsageArgs): Promise<UsageCounts> {
    return this.usageService.ofKey(apiKey, period);
  }
}
