import { FieldResolver, Resolver, Root } from "type-graphql";
import { ScopePayload } from "../scope/scope.input";
import { ApiKey } from "./api-key.entity";
import { ApiKeyService } from "./api-key.service";

/** Resolves the field of scopes that needs API keys, which the room of scopes does not know. */
@Resolver(() => ScopePayload)
export class ShutOutKeysResolver {
  constructor(private readonly apiKeyService: ApiKeyService) {}

  @FieldResolver(() => [ApiKey], {
    description:
      "The active keys of the scope, at most 200, that were last used in the last 30 days from an address that the scope or the key does not allow, of the 10,000 newest that were used. In a dry run, with the addresses that the scope would allow.",
  })
  shutOutKeys(@Root() { scope }: ScopePayload): Promise<ApiKey[]> {
    return this.apiKeyService.shutOutOf(scope);
  }
}
