import { FieldResolver, Resolver, Root } from "type-graphql";
import { App } from "../app/app.entity";
import { RequireAdmin } from "../../auth/require";
import { CallbackService } from "./callback.service";

/** The fields of an app that belong to callbacks. */
@Resolver(() => App)
export class AppCallbackResolver {
  constructor(private readonly callbackService: CallbackService) {}

  @FieldResolver(() => Date, {
    nullable: true,
    description: "When the secret that signs the app's callbacks was created; null if there is none.",
  })
  @RequireAdmin("AUDITOR")
  callbackSecretCreatedAt(@Root() app: App): Promise<Date | null> {
    return this.callbackService.secretCreatedAt(app);
  }
}
