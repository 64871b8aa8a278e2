import { Arg, Args, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import { RequireAdmin, RequireKeys } from "../../auth/require";
import type { Page } from "../../platform/database/pages";
import { DeletedPayload } from "../../schema-types/deleted.payload";
import { Scope } from "../scope/scope.entity";
import { DeleteScopeInput } from "../scope/scope.input";
import type { ApiKey } from "./api-key.entity";
import { ApiKeyConnection, ScopeApiKeysArgs } from "./api-key.input";
import { ApiKeyService } from "./api-key.service";

/** The fields and mutations of a scope that concern its keys, which the room of scopes does not know. */
@Resolver(() => Scope)
export class ScopeApiKeysResolver {
  constructor(private readonly apiKeyService: ApiKeyService) {}

  @FieldResolver(() => ApiKeyConnection, { description: "Newest first." })
  @RequireKeys("VIEW")
  apiKeys(@Root() scope: Scope, @Args() args: ScopeApiKeysArgs): Promise<Page<ApiKey>> {
    return this.apiKeyService.listOf(scope, args);
  }

  @Mutation(() => DeletedPayload, {
    description: "Deletes a scope. CONFLICT if it has active keys, unless `revokeKeys` is true.",
  })
  @RequireAdmin("KEY_MANAGER")
  async deleteScope(@Arg("input") input: DeleteScopeInput): Promise<DeletedPayload> {
    await this.apiKeyService.deleteScope(input);
    return { id: input.id };
  }
}
