import { Ctx, FieldResolver, Query, Resolver } from "type-graphql";
import { ApiKey } from "../api-key/api-key.entity";
import { ApiKeyService } from "../api-key/api-key.service";
import { App } from "../app/app.entity";
import { AppService } from "../app/app.service";
import type { Caller } from "../../auth/caller";
import { permissionsOf } from "../../auth/permissions";
import { RequireCredential } from "../../auth/require";
import { Viewer } from "./viewer.entity";

@Resolver(() => Viewer)
export class ViewerResolver {
  constructor(
    private readonly appService: AppService,
    private readonly apiKeyService: ApiKeyService,
  ) {}

  @Query(() => Viewer, { description: "The caller and its permissions." })
  @RequireCredential()
  viewer(@Ctx("caller") { kind, name, granted }: Caller): Viewer {
    return { kind, name, permissions: permissionsOf(granted) };
  }

  @FieldResolver(() => App, { nullable: true, description: "The app of the key; null for an administrator." })
  app(@Ctx("caller") caller: Caller): Promise<App> | null {
    return caller.kind === "API_KEY" ? this.appService.get(caller.appId) : null;
  }

  @FieldResolver(() => ApiKey, { nullable: true, description: "The key that was sent; null for an administrator." })
  apiKey(@Ctx("caller") caller: Caller): Promise<ApiKey | null> | null {
    return caller.kind === "API_KEY" ? this.apiKeyService.find(caller.keyId) : null;
  }
}
