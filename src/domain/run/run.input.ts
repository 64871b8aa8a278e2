import { GraphQLJSONObject } from "graphql-scalars";
import { ArgsType, Field, ID, InputType, Int, ObjectType, registerEnumType } from "type-graphql";
import { z } from "zod";
import { connectionOf } from "../../schema-types/pages";
import { type JsonObject, Session } from "../session/session.entity";
import { SessionRefInput } from "../session/session.input";
import { integerBetween, json, list, notBlank, reference, text } from "../../schema-types/rules";
import { Rule } from "../../schema-types/validation";
import { Run } from "./run.entity";

/** They are read with each round of the queue. */
const maxDocuments = 1_000;

export const BusyPolicy = { ENQUEUE: "ENQUEUE", REJECT: "REJECT" } as const;
export type BusyPolicy = keyof typeof BusyPolicy;
registerEnumType(BusyPolicy, {
  name: "BusyPolicy",
  description: "What to do if the session has a run that has not finished.",
  valuesConfig: { ENQUEUE: { description: "Queue the run." }, REJECT: { description: "Fail with SESSION_BUSY." } },
});

@InputType()
export class ExecuteAgentInput {
  @Field(() => ID)
  agentId!: string;

  @Field(() => SessionRefInput, { nullable: true })
  session?: SessionRefInput | null;

  @Field({ description: "The user's message. Up to 100,000 characters, unless configured." })
  @Rule(notBlank)
  text!: string;

  @Field(() => BusyPolicy, { nullable: true, defaultValue: BusyPolicy.ENQUEUE })
  @Rule(z.enum(BusyPolicy))
  onBusy!: BusyPolicy;

  @Field(() => Int, {
    nullable: true,
    defaultValue: 60_000,
    description:
      "How long to wait for the run to finish, in milliseconds, 0 to 120000. The response has the run in its state after that time; the run continues if it has not finished. With 0 the response is immediate.",
  })
  @Rule(integerBetween(0, 120_000))
  waitMs!: number;

  @Field(() => String, {
    nullable: true,
    description:
      "Up to 255 characters. A repeated call of the same caller with the same key within 24 hours executes nothing and returns the first run. With other input it fails with IDEMPOTENCY_CONFLICT.",
  })
  @Rule(reference.nullish())
  idempotencyKey?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "A URL to post the run to once it has succeeded, failed or was cancelled. Signed as Standard Webhooks defines, with the app's secret (see `replaceCallbackSecret`). http or https, up to 2,000 characters. Addresses outside the public network are refused unless the operator allows them. It cannot be read back.",
  })
  @Rule(text(2_000).nullish())
  callbackUrl?: string | null;

  @Field(() => [ID], {
    nullable: true,
    description: `The documents of the session that the run may search, at most ${maxDocuments.toLocaleString("en")}. Null means all that are ready when the run starts; an empty list means none. The run waits for those of them that are being processed.`,
  })
  @Rule(list("documents", maxDocuments).nullish())
  documentIds?: string[] | null;

  @Field(() => GraphQLJSONObject, {
    nullable: true,
    description: "Any JSON object of up to 16,000 characters, stored with the run.",
  })
  @Rule(json(16_000).nullish())
  metadata?: JsonObject | null;
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

  @Field({ description: "Whether an earlier call with this idempotency key created the run." })
  readonly replayed!: boolean;
}
