import { Arg, Args, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { App } from "../app/app.entity";
import { AppService } from "../app/app.service";
import { RequireAdmin, RequireKeys } from "../../auth/require";
import type { Page } from "../../platform/database/pages";
import { SearchArgs } from "../../schema-types/pages";
import { Scope } from "./scope.entity";
import { CloneScopeInput, CreateScopeInput, ScopeConnection, ScopePayload, UpdateScopeInput } from "./scope.input";
import { ScopePresetDetails, scopePresets } from "./scope-presets";
import { ScopeService } from "./scope.service";

@Resolver(() => Scope)
export class ScopeResolver {
  constructor(
    private readonly scopeService: ScopeService,
    private readonly appService: AppService,
  ) {}

  @Query(() => ScopeConnection, { description: "The scopes of an app, oldest first." })
  @RequireKeys("VIEW")
  scopes(@Arg("appId", () => ID) appId: string, @Args() page: SearchArgs): Promise<Page<Scope>> {
    return this.scopeService.list(appId, page);
  }

  @Query(() => Scope, { nullable: true, description: "Null if the scope does not exist." })
  @RequireKeys("VIEW")
  scope(@Arg("id", () => ID) id: string): Promise<Scope | null> {
    return this.scopeService.find(id);
  }

  @Query(() => [ScopePresetDetails], { description: "Sets of permissions to begin with, for `createScope`." })
  @RequireAdmin("KEY_MANAGER", "AUDITOR")
  scopePresets(): readonly ScopePresetDetails[] {
    return scopePresets;
  }

  @Mutation(() => ScopePayload, {
    description: "Creates a scope in the same app with all that another one has, except its keys.",
  })
  @RequireAdmin("KEY_MANAGER")
  async cloneScope(@Arg("input") input: CloneScopeInput): Promise<ScopePayload> {
    return { scope: await this.scopeService.clone(input) };
  }

  @Mutation(() => ScopePayload, { description: "Creates a scope in an app." })
  @RequireAdmin("KEY_MANAGER")
  async createScope(@Arg("input") input: CreateScopeInput): Promise<ScopePayload> {
    return { scope: await this.scopeService.create(input) };
  }

  @Mutation(() => ScopePayload, {
    description: "Changes a scope. The change is in effect for its existing keys once the mutation is answered.",
  })
  @RequireAdmin("KEY_MANAGER")
  async updateScope(@Arg("input") input: UpdateScopeInput): Promise<ScopePayload> {
    return { scope: await this.scopeService.update(input) };
  }

  @FieldResolver(() => App)
  app(@Root() { appId }: Scope): Promise<App> {
    return this.appService.get(appId);
  }
}
