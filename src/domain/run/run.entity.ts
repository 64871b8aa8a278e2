import { Field, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { IdColumn, PrimaryIdColumn, StringColumn, TextColumn, TimestampColumn } from "../../platform/database/columns";
import { Column, Entity } from "typeorm";
import { Document } from "../document/document.entity";
import { type RunErrorCode, runErrors } from "./run-errors";

export const RunStatus = {
  QUEUED: "QUEUED",
  RUNNING: "RUNNING",
  SUCCEEDED: "SUCCEEDED",
  FAILED: "FAILED",
  CANCELLED: "CANCELLED",
} as const;
export type RunStatus = keyof typeof RunStatus;
registerEnumType(RunStatus, { name: "RunStatus" });

export const unfinished = [RunStatus.QUEUED, RunStatus.RUNNING] as const;
export const isFinished = ({ status }: { status: RunStatus }): boolean => status !== "QUEUED" && status !== "RUNNING";

@ObjectType()
export class RunError {
  @Field(() => String, { description: `One of ${Object.keys(runErrors).join(", ")}.` })
  readonly code!: RunErrorCode;

  @Field()
  readonly message!: string;
}

@ObjectType()
export class Citation {
  @Field(() => Document, {
    description: "The document as it was when the run was executed, even if it was deleted since.",
  })
  readonly document!: Document;

  @Field({ description: "The passage, word for word." })
  readonly quote!: string;

  @Field(() => Int, {
    nullable: true,
    description: "The page of the passage, from 1. Null if the format has no pages.",
  })
  readonly page!: number | null;
}

@ObjectType({ description: "Tokens as counted by the model's provider." })
export class Usage {
  @Field(() => Int)
  readonly inputTokens!: number;

  @Field(() => Int)
  readonly outputTokens!: number;

  @Field(() => Int)
  readonly totalTokens!: number;
}

/** A citation stores a copy of its document, because the run may outlive the document. */
const citationColumn = {
  to: (citations: readonly Citation[]): string => JSON.stringify(citations),
  from: (text: string): Citation[] =>
    (JSON.parse(text) as Citation[]).map((citation) => ({
      ...citation,
      document: { ...citation.document, createdAt: new Date(citation.document.createdAt) },
    })),
};

@Entity("run")
@ObjectType({ description: "One execution of an agent in a session." })
export class Run {
  @Field(() => ID)
  @PrimaryIdColumn()
  readonly id!: string;

  @IdColumn()
  readonly appId!: string;

  @IdColumn()
  readonly sessionId!: string;

  @Field(() => ID)
  @IdColumn()
  readonly agentId!: string;

  @Field(() => RunStatus)
  @StringColumn(16)
  readonly status!: RunStatus;

  @Field()
  @TextColumn()
  readonly input!: string;

  @Field(() => String, {
    nullable: true,
    description:
      "The agent's answer. If the run failed or was cancelled, the output up to then. If the run was retried, the output of the last attempt.",
  })
  @TextColumn({ nullable: true })
  readonly output!: string | null;

  @Field(() => [Citation], { description: "The passages that the answer is based on." })
  @TextColumn({ transformer: citationColumn })
  readonly citations!: Citation[];

  @Field(() => RunError, { nullable: true })
  @Column({ type: "simple-json", nullable: true })
  readonly error!: RunError | null;

  @Field(() => Usage, { nullable: true })
  @Column({ type: "simple-json", nullable: true })
  readonly usage!: Usage | null;

  /** The number of events, which is the index of the next one. */
  @Column({ type: "int" })
  readonly eventCount!: number;

  /** Incremented by each claim. An instance writes about the run on the condition that the fence is unchanged. */
  @Column({ type: "int" })
  readonly fence!: number;

  /** The instance that executes the run, or executed it last. */
  @IdColumn({ nullable: true })
  readonly workerId!: string | null;

  @Field()
  @TimestampColumn()
  readonly createdAt!: Date;

  @Field(() => Date, { nullable: true, description: "When the last attempt started." })
  @TimestampColumn({ nullable: true })
  readonly startedAt!: Date | null;

  @Field(() => Date, { nullable: true })
  @TimestampColumn({ nullable: true })
  readonly finishedAt!: Date | null;
}
