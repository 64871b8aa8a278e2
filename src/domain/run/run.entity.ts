import { Field, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
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
  @Field(() => Document, { description: "As it was when the run was executed, also where it has been deleted since." })
  readonly document!: Document;

  @Field({ description: "The passage, word for word." })
  readonly quote!: string;

  @Field(() => Int, { nullable: true, description: "The page it stands on, from 1, where the format has pages." })
  readonly page!: number | null;
}

@ObjectType({ description: "Tokens, as the model's provider counted them." })
export class Usage {
  @Field(() => Int)
  readonly inputTokens!: number;

  @Field(() => Int)
  readonly outputTokens!: number;

  @Field(() => Int)
  readonly totalTokens!: number;
}

/** A citation keeps what its document was, since the run outlives the document. */
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
  @PrimaryColumn({ type: "varchar", length: 36 })
  readonly id!: string;

  @Column({ type: "varchar", length: 36 })
  readonly appId!: string;

  @Column({ type: "varchar", length: 36 })
  readonly sessionId!: string;

  @Field(() => ID)
  @Column({ type: "varchar", length: 36 })
  readonly agentId!: string;

  @Field(() => RunStatus)
  @Column({ type: "varchar", length: 16 })
  readonly status!: RunStatus;

  @Field()
  @Column({ type: "text" })
  readonly input!: string;

  @Field(() => String, {
    nullable: true,
    description:
      "What the agent answered; what it had answered so far, where it failed or was cancelled. Of a run that was begun again, what came since.",
  })
  @Column({ type: "text", nullable: true })
  readonly output!: string | null;

  @Field(() => [Citation], { description: "The passages that the answer rests on." })
  @Column({ type: "text", transformer: citationColumn })
  readonly citations!: Citation[];

  @Field(() => RunError, { nullable: true })
  @Column({ type: "simple-json", nullable: true })
  readonly error!: RunError | null;

  @Field(() => Usage, { nullable: true })
  @Column({ type: "simple-json", nullable: true })
  readonly usage!: Usage | null;

  /** How many events it has, which is the index of the next. */
  @Column({ type: "int" })
  readonly eventCount!: number;

  /** How often it was begun. Whoever carries it out writes on the condition that nobody has begun it since. */
  @Column({ type: "int" })
  readonly fence!: number;

  /** The instance that carries it out, or did. */
  @Column({ type: "varchar", length: 36, nullable: true })
  readonly workerId!: string | null;

  @Field()
  @Column({ type: "datetime", precision: 3 })
  readonly createdAt!: Date;

  @Field(() => Date, { nullable: true, description: "When it was begun, the last time." })
  @Column({ type: "datetime", precision: 3, nullable: true })
  readonly startedAt!: Date | null;

  @Field(() => Date, { nullable: true })
  @Column({ type: "datetime", precision: 3, nullable: true })
  readonly finishedAt!: Date | null;
}
