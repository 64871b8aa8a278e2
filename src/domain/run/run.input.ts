import { ArgsType, Field, ID, InputType, Int, ObjectType, registerEnumType } from "type-graphql";
import { z } from "zod";
import { connectionOf } from "../../schema-types/pages";
import { Session } from "../session/session.entity";
import { SessionRefInput } from "../session/session.input";
import { integerBetween, notBlank, reference, text } from "../../schema-types/rules";
import { Rule } from "../../schema-types/validation";
import { Run } from "./run.entity";

export const BusyPolicy = { ENQUEUE: "ENQUEUE", REJECT: "REJECT" } as const;
export type BusyPolicy = keyof typeof BusyPolicy;
registerEnumType(BusyPolicy, {
  name: "BusyPolicy",
  description: "What to do when the session has a run that isn't finished.",
  valuesConfig: { ENQUEUE: { description: "Wait for its turn." }, REJECT: { description: "SESSION_BUSY." } },
});

@InputType()
export class ExecuteAgentInput {
  @Field(() => ID)
  agentId!: string;

  @Field(() => SessionRefInput, { nullable: true })
  session?: SessionRefInput | null;

  @Field({ description: "What the user says. Up to 100,000 characters, unless configured." })
  @Rule(notBlank)
  text!: string;

  @Field(() => BusyPolicy, { nullable: true, defaultValue: BusyPolicy.ENQUEUE })
  @Rule(z.enum(BusyPolicy))
  onBusy!: BusyPolicy;

  @Field(() => Int, {
    nullable: true,
    defaultValue: 60_000,
    description:
      "How long to wait for the run to finish, in milliseconds, 0 to 120000. The answer holds the run as it is by then: it goes on if it isn't finished. With 0 it is answered at once.",
  })
  @Rule(integerBetween(0, 120_000))
  waitMs!: number;

  @Field(() => String, {
    nullable: true,
    description:
      "Up to 255 characters. The same key from the same caller within 24 hours executes nothing again: it gets the run of the first time. With other input: IDEMPOTENCY_CONFLICT.",
  })
  @Rule(reference.nullish())
  idempotencyKey?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "Where to post the run once it has finished, whichever way, signed by Standard Webhooks with the app's secret, for which see `replaceCallbackSecret`. http(s), up to 2,000 characters. Addresses that are not of the public network are refused unless the operator allows them. It can't be read back.",
  })
  @Rule(text(2_000).nullish())
  callbackUrl?: string | null;
}

@InputType()
export class CancelRunInput {
  @Field(() => ID)
  id!: string;
}

@ArgsType()
export class RunEventsArgs {
  @Field(() => ID)
  runId!: string;

  @Field(() => Int, { nullable: true })
  after?: number | null;
}

export const RunConnection = connectionOf(Run, "RunConnection");

@ObjectType()
export class RunPayload {
  @Field(() => Run)
  readonly run!: Run;
}

@ObjectType()
export class ExecuteAgentPayload {
  @Field(() => Run)
  readonly run!: Run;

  @Field(() => Session)
  readonly session!: Session;

  @Field({ description: "Whether this call opened the session." })
  readonly sessionCreated!: boolean;

  @Field({ description: "Whether an earlier call with this idempotency key made the run." })
  readonly replayed!: boolean;
}
