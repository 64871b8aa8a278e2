import { Arg, Mutation, Resolver } from "type-graphql";
import { DeleteAppInput } from "../app/app.input";
import { RequireAdmin, RequireRuntime } from "../../auth/require";
import { DeletedPayload } from "../../schema-types/deleted.payload";
import { SessionPayload, TerminateSessionInput } from "../session/session.input";
import { BulkRevocation } from "./bulk-revocation";
import { RevokeApiKeysInput, RevokeApiKeysPayload } from "./bulk-revocation.input";
import { LifecycleService } from "./lifecycle.service";

@Resolver()
export class LifecycleResolver {
  constructor(
    private readonly lifecycleService: LifecycleService,
    private readonly bulkRevocation: BulkRevocation,
  ) {}

  @Mutation(() => RevokeApiKeysPayload, {
    description:
      "Revokes up to 10,000 API keys for good, by their ids or by a filter. They are revoked 250 at a time; once the mutation is answered, all of them are refused everywhere. With `dryRun: true` it tells what it would do.",
  })
  @RequireAdmin("KEY_MANAGER")
  revokeApiKeys(@Arg("input") input: RevokeApiKeysInput): Promise<RevokeApiKeysPayload> {
    return this.bulkRevocation.revoke(input);
  }

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
