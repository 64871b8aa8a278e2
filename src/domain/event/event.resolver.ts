import { Arg, Args, FieldResolver, ID, Query, Resolver, Root } from "type-graphql";
import { RequireAdmin } from "../../auth/require";
import type { Page } from "../../platform/database/pages";
import { countedConnectionOf, PageArgs } from "../../schema-types/pages";
import { nextAttemptOf } from "../callback/delivery.entity";
import { retentionDays } from "../callback/delivery-retention";
import { EventDelivery } from "./event-delivery.entity";
import { EventService } from "./event.service";

export const EventDeliveryConnection = countedConnectionOf(EventDelivery, "EventDeliveryConnection");

@Resolver(() => EventDelivery)
export class EventResolver {
  constructor(private readonly eventService: EventService) {}

  @Query(() => EventDeliveryConnection, {
    description: `The deliveries of the app's events, newest first. A delivery is deleted ${retentionDays} days after it was delivered, failed or was cancelled.`,
  })
  @RequireAdmin("AUDITOR")
  eventDeliveries(@Arg("appId", () => ID) appId: string, @Args() page: PageArgs): Promise<Page<EventDelivery>> {
    return this.eventService.list(appId, page);
  }

  @FieldResolver(() => Date, {
    nullable: true,
    description: "Null while an attempt is in progress, and after the last attempt.",
  })
  nextAttemptAt(@Root() delivery: EventDelivery): Date | null {
    return nextAttemptOf(delivery);
  }
}
