import { Arg, Args, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { App } from "../app/app.entity";
import { AppService } from "../app/app.service";
import { RequireAdmin } from "../../auth/require";
import type { Page } from "../../platform/database/pages";
import { PageArgs } from "../../schema-types/pages";
import { DeletedPayload } from "../../schema-types/deleted.payload";
import { ModelConnection } from "./model-connection.entity";
import {
  CreateModelConnectionInput,
  DeleteModelConnectionInput,
  ModelConnectionConnection,
  ModelConnectionPayload,
  TestModelConnectionInput,
  TestModelConnectionPayload,
  UpdateModelConnectionInput,
} from "./model-connection.input";
import { ModelConnectionService } from "./model-connection.service";

@Resolver(() => ModelConnection)
export class ModelConnectionResolver {
  constructor(
    private readonly modelConnectionService: ModelConnectionService,
    private readonly appService: AppService,
  ) {}

  @Query(() => ModelConnectionConnection, { description: "The model connections of an app, oldest first." })
  @RequireAdmin("AUDITOR")
  modelConnections(@Arg("appId", () => ID) appId: string, @Args() page: PageArgs): Promise<Page<ModelConnection>> {
    return this.modelConnectionService.list(appId, page);
  }

  @Query(() => ModelConnection, { nullable: true, description: "Null if the model connection does not exist." })
  @RequireAdmin("AUDITOR")
  modelConnection(@Arg("id", () => ID) id: string): Promise<ModelConnection | null> {
    return this.modelConnectionService.find(id);
  }

  @Mutation(() => ModelConnectionPayload, {
    description: "Connects an app to a provider of language models.",
  })
  @RequireAdmin()
  async createModelConnection(@Arg("input") input: CreateModelConnectionInput): Promise<ModelConnectionPayload> {
    return { modelConnection: await this.modelConnectionService.create(input) };
  }

  @Mutation(() => ModelConnectionPayload, { description: "Changes the name, the address or the key of a connection." })
  @RequireAdmin()
  async updateModelConnection(@Arg("input") input: UpdateModelConnectionInput): Promise<ModelConnectionPayload> {
    return { modelConnection: await this.modelConnectionService.update(input) };
  }

  @Mutation(() => DeletedPayload, { description: "Deletes a model connection. CONFLICT if agents use it." })
  @RequireAdmin()
  async deleteModelConnection(@Arg("input") { id }: DeleteModelConnectionInput): Promise<DeletedPayload> {
    await this.modelConnectionService.delete(id);
    return { id };
  }

  @Mutation(() => TestModelConnectionPayload, {
    description: "Makes one small call to a model, for which the provider may charge, and reports the result.",
  })
  @RequireAdmin()
  testModelConnection(@Arg("input") input: TestModelConnectionInput): Promise<TestModelConnectionPayload> {
    return this.modelConnectionService.test(input);
  }

  @FieldResolver(() => App)
  app(@Root() { appId }: ModelConnection): Promise<App> {
    return this.appService.get(appId);
  }

  @FieldResolver(() => Boolean, {
    description: "Whether an API key of the provider is stored. The key itself can't be read back.",
  })
  hasApiKey(@Root() { apiKey }: ModelConnection): boolean {
    return apiKey !== null;
  }
}
