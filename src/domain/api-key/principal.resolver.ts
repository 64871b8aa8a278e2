import { FieldResolver, Resolver, Root } from "type-graphql";
import { ApiKey } from "./api-key.entity";
import { ApiKeyService } from "./api-key.service";
import { Principal } from "./principal.entity";

@Resolver(() => Principal)
export class PrincipalResolver {
  constructor(private readonly apiKeyService: ApiKeyService) {}

  @FieldResolver(() => ApiKey, { nullable: true, description: "Null for an administrator." })
  apiKey(@Root() { apiKeyId }: Principal): Promise<ApiKey | null> {
    return this.apiKeyService.findIfAny(apiKeyId);
  }
}
