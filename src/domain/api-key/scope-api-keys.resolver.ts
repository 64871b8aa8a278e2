import { Arg, Args, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import { RequireAdmin } from "../../auth/require";
import type { Page } from "../../platform/database/page-loader";
import { DeletedPayload } from "../../schema-types/deleted.payload";
import { Scope } from "../scope/scope.entity";
import { DeleteScopeInput } from "../scope/scope.input";
import type { ApiKey } from "./api-key.entity";
import { ApiKeyConnection, ScopeApiKeysArgs } from "./api-key.input";
import { ApiKeyService } from "./api-key.service";

/** What a scope has to do with its keys, which it does not know itself. */
@Resolver(() => Scope)
export class ScopeApiKeysResolver {
  constructor(private readonly apiKeyService: ApiKeyService) {}

  @FieldResolver(() => ApiKeyConnection, { description: "Newest first." })
  @RequireAdmin()
  apiKeys(@Root() scope: Scope, @Args() args: ScopeApiKeysArgs): Promise<Page<ApiKey>> {
    return this.apiKeyService.listOf(scope, args);
  }

  @Mutation(() => DeletedPayload, { description: "CONFLICT while it has active keys, unless told to revoke them." })
  @RequireAdmin()
  async deleteScope(@Arg("input") input: DeleteScopeInput): Promise<DeletedPayload> {
    await this.apiKeyService.deleteScope(input);
    return { id: input.id };
  }
}
