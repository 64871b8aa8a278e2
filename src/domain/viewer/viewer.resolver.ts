import { Ctx, FieldResolver, Query, Resolver } from "type-graphql";
import { ApiKey } from "../api-key/api-key.entity";
import { ApiKeyService } from "../api-key/api-key.service";
import { App } from "../app/app.entity";
import { AppService } from "../app/app.service";
import { type Caller, selectedAgents } from "../../auth/caller";
import { AgentSelection, KeyAccess, permissionsOf, SessionAccess } from "../../auth/permissions";
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
  viewer(@Ctx("caller") caller: Caller): Viewer {
    const { kind, name, granted } = caller;
    const sessions = caller.kind === "API_KEY" ? caller.sessions : SessionAccess.APP;
    const agentIds = selectedAgents(caller);
    const agentAccess = agentIds ? AgentSelection.SELECTED : AgentSelection.ALL;
    const reach = { sessions, agentAccess, agentIds: [...(agentIds ?? [])] };
    const administrator = caller.kind === "ADMIN" ? caller : { role: null, appIds: null };
    const { role, appIds } = administrator;
    return { kind, name, permissions: { keys: KeyAccess.NONE, ...permissionsOf(granted), ...reach }, role, appIds };
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
