import { FieldResolver, Resolver, Root } from "type-graphql";
import { App } from "../app/app.entity";
import { RequireAdmin } from "../../auth/require";
import { CallbackService } from "./callback.service";

/** What an app has to do with callbacks, which it does not know itself. */
@Resolver(() => App)
export class AppCallbackResolver {
  constructor(private readonly callbackService: CallbackService) {}

  @FieldResolver(() => Date, {
    nullable: true,
    description: "When the secret was made that callbacks are signed with; null where there is none.",
  })
  @RequireAdmin()
  callbackSecretCreatedAt(@Root() app: App): Promise<Date | null> {
    return this.callbackService.secretCreatedAt(app);
  }
}
