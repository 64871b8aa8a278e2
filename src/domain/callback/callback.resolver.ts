import { Arg, Args, FieldResolver, Mutation, Query, Resolver, Root } from "type-graphql";
import { RequireAdmin, RequireRuntime, RequireRuntimeToRead } from "../../auth/require";
import type { Page } from "../../platform/database/pages";
import {
  CallbackDeliveriesArgs,
  CallbackDeliveryConnection,
  CallbackDeliveryPayload,
  RedeliverCallbackInput,
  ReplaceCallbackSecretInput,
  ReplaceCallbackSecretPayload,
} from "./callback.input";
import { CallbackService } from "./callback.service";
import { CallbackDelivery } from "./callback-delivery.entity";
import { nextAttemptOf } from "./delivery.entity";
import { retentionDays } from "./delivery-retention";

@Resolver(() => CallbackDelivery)
export class CallbackResolver {
  constructor(private readonly callbackService: CallbackService) {}

  @Query(() => CallbackDeliveryConnection, {
    description: `Deliveries of the run, newest first; an administrator may name an app instead. A run has at most one delivery. It is deleted ${retentionDays} days after it was delivered, failed or was cancelled.`,
  })
  @RequireRuntimeToRead("RUN")
  callbackDeliveries(@Args() args: CallbackDeliveriesArgs): Promise<Page<CallbackDelivery>> {
    return this.callbackService.list(args);
  }

  @Mutation(() => CallbackDeliveryPayload, {
    description:
      "Posts the finished run again, with the same `webhook-id`: immediately, and with retries for another 24 hours if that fails.",
  })
  @RequireRuntime("RUN")
  async redeliverCallback(@Arg("input") { id }: RedeliverCallbackInput): Promise<CallbackDeliveryPayload> {
    return { callbackDelivery: await this.callbackService.redeliver(id) };
  }

  @Mutation(() => ReplaceCallbackSecretPayload, {
    description:
      "Creates or replaces the secret that signs the app's callbacks. For 24 hours callbacks are also signed with the previous secret.",
  })
  @RequireAdmin()
  replaceCallbackSecret(@Arg("input") { appId }: ReplaceCallbackSecretInput): Promise<ReplaceCallbackSecretPayload> {
    return this.callbackService.replaceSecret(appId);
  }

  @FieldResolver(() => Date, {
    nullable: true,
    description: "Null while an attempt is in progress, and after the last attempt.",
  })
  nextAttemptAt(@Root() delivery: CallbackDelivery): Date | null {
    return nextAttemptOf(delivery);
  }
}
