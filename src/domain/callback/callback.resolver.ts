import { Arg, Args, FieldResolver, Mutation, Query, Resolver, Root } from "type-graphql";
import { RequireAdmin, RequireRuntime } from "../../auth/require";
import type { Page } from "../../platform/database/page-loader";
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
import { retentionDays } from "./delivery-retention";

@Resolver(() => CallbackDelivery)
export class CallbackResolver {
  constructor(private readonly callbackService: CallbackService) {}

  @Query(() => CallbackDeliveryConnection, {
    description: `Of the run, newest first; an administrator may name an app instead. A run has one at most, and none any more ${retentionDays} days after it has come to its end.`,
  })
  @RequireRuntime("RUN")
  callbackDeliveries(@Args() args: CallbackDeliveriesArgs): Promise<Page<CallbackDelivery>> {
    return this.callbackService.list(args);
  }

  @Mutation(() => CallbackDeliveryPayload, {
    description:
      "Posts the finished run again, at once and, where that fails, for 24 hours as at first; with the same `webhook-id`.",
  })
  @RequireRuntime("RUN")
  async redeliverCallback(@Arg("input") { id }: RedeliverCallbackInput): Promise<CallbackDeliveryPayload> {
    return { callbackDelivery: await this.callbackService.redeliver(id) };
  }

  @Mutation(() => ReplaceCallbackSecretPayload, {
    description:
      "Makes the secret that the app's callbacks are signed with, or replaces it. For 24 hours they are signed with the one before it too.",
  })
  @RequireAdmin()
  replaceCallbackSecret(@Arg("input") { appId }: ReplaceCallbackSecretInput): Promise<ReplaceCallbackSecretPayload> {
    return this.callbackService.replaceSecret(appId);
  }

  @FieldResolver(() => Date, {
    nullable: true,
    description: "Null where it is being posted at this moment, or will not be any more.",
  })
  nextAttemptAt(@Root() { claimedAt, dueAt }: CallbackDelivery): Date | null {
    return claimedAt ? null : dueAt;
  }
}
