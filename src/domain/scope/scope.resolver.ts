import { Arg, Args, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { App } from "../app/app.entity";
import { AppService } from "../app/app.service";
import { RequireAdmin } from "../../auth/require";
import { type Page } from "../../platform/database/page-loader";
import { PageArgs } from "../../schema-types/pages";
import { Scope } from "./scope.entity";
import { CreateScopeInput, ScopeConnection, ScopePayload, UpdateScopeInput } from "./scope.input";
import { ScopeService } from "./scope.service";

@Resolver(() => Scope)
export class ScopeResolver {
  constructor(
    private readonly scopeService: ScopeService,
    private readonly appService: AppService,
  ) {}

  @Query(() => ScopeConnection, { description: "Oldest first." })
  @RequireAdmin()
  scopes(@Arg("appId", () => ID) appId: string, @Args() page: PageArgs): Promise<Page<Scope>> {
    return this.scopeService.list(appId, page);
  }

  @Query(() => Scope, { nullable: true })
  @RequireAdmin()
  scope(@Arg("id", () => ID) id: string): Promise<Scope | null> {
    return this.scopeService.find(id);
  }

  @Mutation(() => ScopePayload)
  @RequireAdmin()
  async createScope(@Arg("input") input: CreateScopeInput): Promise<ScopePayload> {
    return { scope: await this.scopeService.create(input) };
  }

  @Mutation(() => ScopePayload, { description: "Holds for the keys it has, from the moment of the answer." })
  @RequireAdmin()
  async updateScope(@Arg("input") input: UpdateScopeInput): Promise<ScopePayload> {
    return { scope: await this.scopeService.update(input) };
  }

  @FieldResolver(() => App)
  app(@Root() { appId }: Scope): Promise<App> {
    return this.appService.get(appId);
  }
}
