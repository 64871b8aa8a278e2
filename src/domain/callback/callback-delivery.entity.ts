import { Field, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { IdColumn, PrimaryIdColumn, StringColumn, TextColumn, TimestampColumn } from "../../platform/database/columns";

export const CallbackDeliveryStatus = {
  WAITING: "WAITING",
  PENDING: "PENDING",
  DELIVERED: "DELIVERED",
  FAILED: "FAILED",
} as const;
export type CallbackDeliveryStatus = keyof typeof CallbackDeliveryStatus;
registerEnumType(CallbackDeliveryStatus, {
  name: "CallbackDeliveryStatus",
  valuesConfig: {
    WAITING: { description: "The run is not finished." },
    PENDING: { description: "It is being posted, or will be." },
    DELIVERED: { description: "The receiver answered with a status of 2xx." },
    FAILED: { description: "It is given up: after 24 hours, or as the receiver answered 410." },
  },
});

export const CallbackAttemptError = {
  REJECTED: "REJECTED",
  TIMEOUT: "TIMEOUT",
  UNREACHABLE: "UNREACHABLE",
  ADDRESS_REFUSED: "ADDRESS_REFUSED",
  SECRET_UNREADABLE: "SECRET_UNREADABLE",
  SERVER_FAULT: "SERVER_FAULT",
  INTERRUPTED: "INTERRUPTED",
} as const;
export type CallbackAttemptError = keyof typeof CallbackAttemptError;
registerEnumType(CallbackAttemptError, {
  name: "CallbackAttemptError",
  valuesConfig: {
    REJECTED: { description: "The receiver answered with another status than 2xx. Redirects are not followed." },
    TIMEOUT: { description: "The receiver did not answer within 15 seconds." },
    UNREACHABLE: { description: "There was no connection, or it broke." },
    ADDRESS_REFUSED: { description: "The host is not of the public network, and not allowed by the operator." },
    SECRET_UNREADABLE: { description: "The app's secret can't be read. An administrator can replace it." },
    SERVER_FAULT: { description: "A fault of the server, whose log says more." },
    INTERRUPTED: { description: "The server was stopped meanwhile. The receiver may have got it all the same." },
  },
});

@ObjectType({ description: "One time that a callback was posted." })
export class CallbackAttempt {
  @Field()
  readonly at!: Date;

  @Field(() => Int, { nullable: true, description: "What the receiver answered with." })
  readonly httpStatus!: number | null;

  @Field(() => CallbackAttemptError, { nullable: true, description: "Null where it was delivered." })
  readonly error!: CallbackAttemptError | null;

  @Field(() => Int, { nullable: true })
  readonly durationMs!: number | null;
}

const attemptsColumn = {
  to: (attempts: readonly CallbackAttempt[]): string => JSON.stringify(attempts),
  from: (text: string): CallbackAttempt[] =>
    (JSON.parse(text) as CallbackAttempt[]).map((attempt) => ({ ...attempt, at: new Date(attempt.at) })),
};

@Entity("callback_delivery")
@ObjectType({ description: "The posting of a finished run to the `callbackUrl` that it was executed with." })
export class CallbackDelivery {
  @Field(() => ID, { description: "Sent as `webhook-id`, the same at each attempt." })
  @PrimaryIdColumn()
  readonly id!: string;

  @IdColumn()
  readonly appId!: string;

  @Field(() => ID)
  @IdColumn()
  readonly runId!: string;

  /** Never a field: it may hold what only the receiver is to know. */
  @TextColumn()
  readonly url!: string;

  /** Of the url, with its port. */
  @StringColumn(255)
  readonly host!: string;

  @Field(() => CallbackDeliveryStatus)
  @StringColumn(16)
  readonly status!: CallbackDeliveryStatus;

  @Field(() => [CallbackAttempt], { description: "The newest 50, oldest first." })
  @TextColumn({ transformer: attemptsColumn })
  readonly attempts!: CallbackAttempt[];

  /** How many attempts have failed since it was begun. */
  @Column({ type: "int" })
  readonly failures!: number;

  /** Grows with each claim, so that of several claims one wins, and a later one takes the row from an earlier. */
  @Column({ type: "int" })
  readonly version!: number;

  @Field()
  @TimestampColumn()
  readonly createdAt!: Date;

  /** When the 24 hours began for which it is tried. */
  @TimestampColumn({ nullable: true })
  readonly begunAt!: Date | null;

  /** When the next attempt may begin; while one is under way, when it is taken for dead. */
  @TimestampColumn({ nullable: true })
  readonly dueAt!: Date | null;

  /** When the attempt began that is under way. */
  @TimestampColumn({ nullable: true })
  readonly claimedAt!: Date | null;
}
