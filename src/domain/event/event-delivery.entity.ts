import { Field, ObjectType } from "type-graphql";
import { Entity } from "typeorm";
import { StringColumn, TextColumn } from "../../platform/database/columns";
import { Delivery } from "../callback/delivery.entity";

@Entity("event_delivery")
@ObjectType({ description: "The delivery of an event to the `eventUrl` of its app." })
export class EventDelivery extends Delivery {
  @Field({ description: "Such as `api_key.revoked`." })
  @StringColumn(40)
  readonly type!: string;

  @Field({ description: "The JSON that is posted." })
  @TextColumn()
  readonly body!: string;
}
