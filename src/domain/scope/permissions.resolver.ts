import { Ctx, FieldResolver, ID, Resolver, Root } from "type-graphql";
import { type Caller, isSelectedAgent } from "../../auth/caller";
import { ScopePermissions } from "./permissions.entity";

@Resolver(() => ScopePermissions)
export class PermissionsResolver {
  @FieldResolver(() => [ID], {
    description:
      "The agents that are selected, of those that still exist and that the caller can reach; empty with `ALL`.",
  })
  agentIds(@Root() { agentIds }: ScopePermissions, @Ctx("caller") caller: Caller): string[] {
    return agentIds.filter((id) => isSelectedAgent(caller, id));
  }
}
