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

  @Query(() => ScopeConnection, { description: "The scopes of an app, oldest first." })
  @RequireAdmin()
  scopes(@Arg("appId", () => ID) appId: string, @Args() page: PageArgs): Promise<Page<Scope>> {
    return this.scopeService.list(appId, page);
  }

  @Query(() => Scope, { nullable: true, description: "Null if the scope does not exist." })
  @RequireAdmin()
  scope(@Arg("id", () => ID) id: string): Promise<Scope | null> {
    return this.scopeService.find(id);
  }

  @Mutation(() => ScopePayload, { description: "Creates a scope in an app." })
  @RequireAdmin()
  async createScope(@Arg("input") input: CreateScopeInput): Promise<ScopePayload> {
    return { scope: await this.scopeService.create(input) };
  }

  @Mutation(() => ScopePayload, {
    description: "Changes a scope. The change is in effect for its existing keys once the mutation is answered.",
  })
  @RequireAdmin()
  async updateScope(@Arg("input") input: UpdateScopeInput): Promise<ScopePayload> {
    return { scope: await this.scopeService.update(input) };
  }

  @FieldResolver(() => App)
  app(@Root() { appId }: Scope): Promise<App> {
    return this.appService.get(appId);
  }
}
