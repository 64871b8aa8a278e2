import { Field, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { Column } from "typeorm";
import { IdColumn, PrimaryIdColumn, StringColumn, TextColumn, TimestampColumn } from "../../platform/database/columns";

export const CallbackDeliveryStatus = {
  WAITING: "WAITING",
  PENDING: "PENDING",
  DELIVERED: "DELIVERED",
  FAILED: "FAILED",
  CANCELLED: "CANCELLED",
} as const;
export type CallbackDeliveryStatus = keyof typeof CallbackDeliveryStatus;
registerEnumType(CallbackDeliveryStatus, {
  name: "CallbackDeliveryStatus",
  valuesConfig: {
    WAITING: { description: "The run has not finished." },
    PENDING: { description: "An attempt is in progress or scheduled." },
    DELIVERED: { description: "The receiver responded with a 2xx status." },
    FAILED: { description: "No more attempts: 24 hours are over, or the receiver responded with 410." },
    CANCELLED: {
      description:
        "No more attempts: the key that executed the agent, or that redelivered last, lost the permission RUN.",
    },
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
    REJECTED: { description: "The receiver responded with a status other than 2xx. Redirects are not followed." },
    TIMEOUT: { description: "The receiver did not respond within 15 seconds." },
    UNREACHABLE: { description: "The connection could not be opened, or it broke." },
    ADDRESS_REFUSED: {
      description: "The host does not resolve, or is outside the public network and not allowed by the operator.",
    },
    SECRET_UNREADABLE: {
      description:
        "The app's secret or the URL of the callback cannot be decrypted. An administrator can replace the secret.",
    },
    SERVER_FAULT: { description: "A fault of the server. Its log says more." },
    INTERRUPTED: { description: "The server stopped during the attempt. The receiver may have received the callback." },
  },
});

@ObjectType({ description: "One attempt to post a callback." })
export class CallbackAttempt {
  @Field()
  readonly at!: Date;

  @Field(() => Int, { nullable: true, description: "The status of the receiver's response." })
  readonly httpStatus!: number | null;

  @Field(() => CallbackAttemptError, { nullable: true, description: "Null if the callback was delivered." })
  readonly error!: CallbackAttemptError | null;

  @Field(() => Int, { nullable: true })
  readonly durationMs!: number | null;
}

const attemptsColumn = {
  to: (attempts: readonly CallbackAttempt[]): string => JSON.stringify(attempts),
  from: (text: string): CallbackAttempt[] =>
    (JSON.parse(text) as CallbackAttempt[]).map((attempt) => ({ ...attempt, at: new Date(attempt.at) })),
};

/** A callback or an event, which is posted to a receiver until an attempt succeeds. */
@ObjectType()
export abstract class Delivery {
  @Field(() => ID, { description: "Sent as `webhook-id`; the same in each attempt." })
  @PrimaryIdColumn()
  readonly id!: string;

  @IdColumn()
  readonly appId!: string;

  /** The host of the URL, with its port. */
  @StringColumn(255)
  readonly host!: string;

  @Field(() => CallbackDeliveryStatus)
  @StringColumn(16)
  readonly status!: CallbackDeliveryStatus;

  @Field(() => [CallbackAttempt], { description: "The newest 50, oldest first." })
  @TextColumn({ transformer: attemptsColumn })
  readonly attempts!: CallbackAttempt[];

  /** How many attempts have failed since `begunAt`. */
  @Column({ type: "int" })
  readonly failures!: number;

  /** Incremented by each claim: one of several concurrent claims wins, and a later claim invalidates an earlier one. */
  @Column({ type: "int" })
  readonly version!: number;

  @Field()
  @TimestampColumn()
  readonly createdAt!: Date;

  /** When the retry window started. */
  @TimestampColumn({ nullable: true })
  readonly begunAt!: Date | null;

  /** When the next attempt may start; during an attempt, when its lease expires. */
  @TimestampColumn({ nullable: true })
  readonly dueAt!: Date | null;

  /** When the attempt in progress started. */
  @TimestampColumn({ nullable: true })
  readonly claimedAt!: Date | null;
}

/** Null while an attempt is in progress, and after the last attempt. */
export const nextAttemptOf = ({ claimedAt, dueAt }: Delivery): Date | null => (claimedAt ? null : dueAt);
