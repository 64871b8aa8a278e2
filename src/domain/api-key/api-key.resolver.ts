import { Arg, Args, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { RequireAdmin } from "../../auth/require";
import type { Page } from "../../platform/database/page-loader";
import { Scope } from "../scope/scope.entity";
import { ScopeService } from "../scope/scope.service";
import { ApiKey } from "./api-key.entity";
import {
  ApiKeyConnection,
  ApiKeyPayload,
  ApiKeysArgs,
  CreateApiKeyInput,
  CreateApiKeyPayload,
  RenameApiKeyInput,
  RevokeApiKeyInput,
} from "./api-key.input";
import { ApiKeyService } from "./api-key.service";

@Resolver(() => ApiKey)
export class ApiKeyResolver {
  constructor(
    private readonly apiKeyService: ApiKeyService,
    private readonly scopeService: ScopeService,
  ) {}

  @Query(() => ApiKeyConnection, { description: "Newest first." })
  @RequireAdmin()
  apiKeys(@Args() args: ApiKeysArgs): Promise<Page<ApiKey>> {
    return this.apiKeyService.list(args);
  }

  @Query(() => ApiKey, { nullable: true })
  @RequireAdmin()
  apiKey(@Arg("id", () => ID) id: string): Promise<ApiKey | null> {
    return this.apiKeyService.find(id);
  }

  @Mutation(() => CreateApiKeyPayload, { description: "The only time that the secret is told." })
  @RequireAdmin()
  createApiKey(@Arg("input") input: CreateApiKeyInput): Promise<CreateApiKeyPayload> {
    return this.apiKeyService.create(input);
  }

  @Mutation(() => ApiKeyPayload)
  @RequireAdmin()
  async renameApiKey(@Arg("input") input: RenameApiKeyInput): Promise<ApiKeyPayload> {
    return { apiKey: await this.apiKeyService.rename(input) };
  }

  @Mutation(() => ApiKeyPayload, {
    description: "Once this is answered, nothing accepts the key any more. To revoke again changes nothing.",
  })
  @RequireAdmin()
  async revokeApiKey(@Arg("input") { id }: RevokeApiKeyInput): Promise<ApiKeyPayload> {
    return { apiKey: await this.apiKeyService.revoke(id) };
  }

  @FieldResolver(() => Scope)
  scope(@Root() { scopeId }: ApiKey): Promise<Scope> {
    return this.scopeService.ofKey(scopeId);
  }
}
