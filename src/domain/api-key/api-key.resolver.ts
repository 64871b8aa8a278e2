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

  @Query(() => ApiKeyConnection, { description: "The API keys of an app, newest first." })
  @RequireAdmin()
  apiKeys(@Args() args: ApiKeysArgs): Promise<Page<ApiKey>> {
    return this.apiKeyService.list(args);
  }

  @Query(() => ApiKey, { nullable: true, description: "Null if the API key does not exist." })
  @RequireAdmin()
  apiKey(@Arg("id", () => ID) id: string): Promise<ApiKey | null> {
    return this.apiKeyService.find(id);
  }

  @Mutation(() => CreateApiKeyPayload, { description: "Creates an API key. Only this response contains its secret." })
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
    description:
      "Revokes an API key for good. Once the mutation is answered, the key is refused everywhere. Revoking a revoked key changes nothing.",
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
