import { ArgsType, Field, ID, InputType, ObjectType } from "type-graphql";
import { App } from "../app/app.entity";
import { countedConnectionOf, PageArgs } from "../../schema-types/pages";
import { CallbackDelivery } from "./callback-delivery.entity";

@ArgsType()
export class CallbackDeliveriesArgs extends PageArgs {
  @Field(() => ID, { nullable: true })
  appId?: string | null;

  @Field(() => ID, { nullable: true })
  runId?: string | null;
}

@InputType()
export class RedeliverCallbackInput {
  @Field(() => ID)
  id!: string;
}

@InputType()
export class ReplaceCallbackSecretInput {
  @Field(() => ID)
  appId!: string;
}

export const CallbackDeliveryConnection = countedConnectionOf(CallbackDelivery, "CallbackDeliveryConnection");

@ObjectType()
export class CallbackDeliveryPayload {
  @Field(() => CallbackDelivery)
  readonly callbackDelivery!: CallbackDelivery;
}

@ObjectType()
export class ReplaceCallbackSecretPayload {
  @Field({ description: "`whsec_...`, the format of Standard Webhooks libraries. It is returned only once." })
  readonly secret!: string;

  @Field(() => App)
  readonly app!: App;
}
