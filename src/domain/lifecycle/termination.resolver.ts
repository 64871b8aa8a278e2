import { Arg, Mutation, Resolver } from "type-graphql";
import { DeleteAppInput } from "../app/app.input";
import { RequireAdmin, RequireRuntime } from "../../auth/require";
import { DeletedPayload } from "../../schema-types/deleted.payload";
import { SessionPayload, TerminateSessionInput } from "../session/session.input";
import { TerminationService } from "./termination.service";

@Resolver()
export class TerminationResolver {
  constructor(private readonly terminationService: TerminationService) {}

  @Mutation(() => SessionPayload, {
    description: "Cancels its runs and deletes its documents. To terminate again changes nothing.",
  })
  @RequireRuntime("SESSION_TERMINATE")
  async terminateSession(@Arg("input") input: TerminateSessionInput): Promise<SessionPayload> {
    return { session: await this.terminationService.terminateSession(input) };
  }

  @Mutation(() => DeletedPayload, { description: "Ends everything that belongs to it." })
  @RequireAdmin()
  async deleteApp(@Arg("input") { id }: DeleteAppInput): Promise<DeletedPayload> {
    await this.terminationService.deleteApp(id);
    return { id };
  }
}
