import { Arg, Mutation, Resolver } from "type-graphql";
import { DeleteAppInput } from "../app/app.input";
import { RequireAdmin, RequireRuntime } from "../../auth/require";
import { DeletedPayload } from "../../schema-types/deleted.payload";
import { SessionPayload, TerminateSessionInput } from "../session/session.input";
import { LifecycleService } from "./lifecycle.service";

@Resolver()
export class LifecycleResolver {
  constructor(private readonly lifecycleService: LifecycleService) {}

  @Mutation(() => SessionPayload, {
    description: "Cancels the session's runs and deletes its documents. A session that is terminated stays as it is.",
  })
  @RequireRuntime("SESSION_TERMINATE")
  async terminateSession(@Arg("input") input: TerminateSessionInput): Promise<SessionPayload> {
    return { session: await this.lifecycleService.terminateSession(input) };
  }

  @Mutation(() => DeletedPayload, { description: "Deletes the app with everything that belongs to it." })
  @RequireAdmin()
  async deleteApp(@Arg("input") { id }: DeleteAppInput): Promise<DeletedPayload> {
    await this.lifecycleService.deleteApp(id);
    return { id };
  }
}
