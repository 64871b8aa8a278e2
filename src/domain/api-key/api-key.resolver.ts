import { Arg, Args, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { RequireKeys } from "../../auth/require";
import type { Page } from "../../platform/database/pages";
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
  RotateApiKeyInput,
  RotateApiKeyPayload,
  UpdateApiKeyInput,
} from "./api-key.input";
import { ApiKeyService } from "./api-key.service";
import { KeyRotation } from "./key-rotation";

@Resolver(() => ApiKey)
export class ApiKeyResolver {
  constructor(
    private readonly apiKeyService: ApiKeyService,
    private readonly scopeService: ScopeService,
    private readonly keyRotation: KeyRotation,
  ) {}

  @Query(() => ApiKeyConnection, {
    description: "The API keys of an app, newest first unless `orderBy` says otherwise.",
  })
  @RequireKeys("VIEW")
  apiKeys(@Args() args: ApiKeysArgs): Promise<Page<ApiKey>> {
    return this.apiKeyService.list(args);
  }

  @Query(() => ApiKey, { nullable: true, description: "Null if the API key does not exist." })
  @RequireKeys("VIEW")
  apiKey(@Arg("id", () => ID) id: string): Promise<ApiKey | null> {
    return this.apiKeyService.find(id);
  }

  @Mutation(() => CreateApiKeyPayload, { description: "Creates an API key. Only this response contains its secret." })
  @RequireKeys("MANAGE")
  createApiKey(@Arg("input") input: CreateApiKeyInput): Promise<CreateApiKeyPayload> {
    return this.apiKeyService.create(input);
  }

  @Mutation(() => ApiKeyPayload, {
    description: "Changes an API key. New limits are in effect once the mutation is answered.",
  })
  @RequireKeys("MANAGE")
  async updateApiKey(@Arg("input") input: UpdateApiKeyInput): Promise<ApiKeyPayload> {
    return { apiKey: await this.apiKeyService.update(input) };
  }

  @Mutation(() => ApiKeyPayload)
  @RequireKeys("MANAGE")
  async renameApiKey(@Arg("input") input: RenameApiKeyInput): Promise<ApiKeyPayload> {
    return { apiKey: await this.apiKeyService.rename(input) };
  }

  @Mutation(() => ApiKeyPayload, {
    description:
      "Revokes an API key for good. Once the mutation is answered, the key is refused everywhere, and what it has under way ends. A revoked key stays as it is.",
  })
  @RequireKeys("MANAGE")
  async revokeApiKey(@Arg("input") input: RevokeApiKeyInput): Promise<ApiKeyPayload> {
    return { apiKey: await this.apiKeyService.revoke(input) };
  }

  @Mutation(() => RotateApiKeyPayload, {
    description:
      "Creates the successor of an API key, in the same scope and with the same name, limits and tags. Both are valid until the overlap is over. The runs of the old key finish. While it is valid, the old key has another name, which ends with the end of its hint. Only this response contains the secret. CONFLICT if the key is revoked or has a successor.",
  })
  @RequireKeys("MANAGE")
  rotateApiKey(@Arg("input") input: RotateApiKeyInput): Promise<RotateApiKeyPayload> {
    return this.keyRotation.rotate(input);
  }

  @FieldResolver(() => ApiKey, { nullable: true, description: "The key that replaces this one." })
  @RequireKeys("VIEW")
  successor(@Root() { successorId }: ApiKey): Promise<ApiKey | null> {
    return this.apiKeyService.findIfAny(successorId);
  }

  @FieldResolver(() => ApiKey, { nullable: true, description: "The key that this one replaces." })
  @RequireKeys("VIEW")
  predecessor(@Root() { predecessorId }: ApiKey): Promise<ApiKey | null> {
    return this.apiKeyService.findIfAny(predecessorId);
  }

  @FieldResolver(() => Scope)
  scope(@Root() { scopeId }: ApiKey): Promise<Scope> {
    return this.scopeService.ofKey(scopeId);
  }
}
