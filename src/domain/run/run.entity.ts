import { GraphQLJSONObject } from "graphql-scalars";
import { Field, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { IdColumn, PrimaryIdColumn, StringColumn, TextColumn, TimestampColumn } from "../../platform/database/columns";
import { Column, Entity } from "typeorm";
import { RequireRuntime } from "../../auth/require";
import { Document } from "../document/document.entity";
import type { PrincipalKind } from "../api-key/principal.entity";
import type { JsonObject } from "../session/session.entity";
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

@ObjectType({ description: "Tokens as counted by the model's provider, or as estimated." })
export class Usage {
  @Field(() => Int)
  readonly inputTokens!: number;

  @Field(() => Int)
  readonly outputTokens!: number;

  @Field(() => Int)
  readonly totalTokens!: number;

  @Field(() => Boolean, {
    description:
      "Whether the provider has not reported all of them, so that some are estimated: four bytes of text count as one token.",
  })
  readonly estimated?: boolean;
}

/** Runs of earlier versions have no estimates. */
const usageColumn = {
  to: (usage: Usage | null): string | null => (usage === null ? null : JSON.stringify(usage)),
  from: (text: string | null): Usage | null =>
    text === null ? null : { estimated: false, ...(JSON.parse(text) as Usage) },
};

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

  /** The scope whose key opened the session; see SessionOwned. */
  @IdColumn({ nullable: true })
  readonly sessionScopeId!: string | null;

  @Field(() => ID)
  @IdColumn()
  readonly agentId!: string;

  @Field(() => RunStatus)
  @StringColumn(16)
  readonly status!: RunStatus;

  @Field()
  @TextColumn()
  readonly input!: string;

  @Field(() => [ID], {
    nullable: true,
    description: "The documents that the run was confined to, each once. Null means all documents of the session.",
  })
  @Column({ type: "simple-json", nullable: true })
  readonly documentIds!: string[] | null;

  @Field(() => GraphQLJSONObject, { nullable: true, description: "The JSON object that was given for the run." })
  @RequireRuntime("SESSION_VIEW")
  @Column({ type: "simple-json", nullable: true })
  readonly metadata!: JsonObject | null;

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
  @TextColumn({ nullable: true, transformer: usageColumn })
  readonly usage!: Usage | null;

  /** The number of events, which is the index of the next one. */
  @Column({ type: "int" })
  readonly eventCount!: number;

  /** The size of the texts of its events. Not selected by default, as most readers have no use for it. */
  @Column({ type: "bigint", select: false, transformer: { to: (value: number) => value, from: Number } })
  readonly eventBytes?: number;

  /** The bytes of this run, its events and its messages in the app's usage. */
  @Column({ type: "bigint", select: false, transformer: { to: (value: number) => value, from: Number } })
  readonly countedBytes?: number;

  /** Incremented by each claim. An instance writes about the run on the condition that the fence is unchanged. */
  @Column({ type: "int" })
  readonly fence!: number;

  /** The instance that executes the run, or executed it last. */
  @IdColumn({ nullable: true })
  readonly workerId!: string | null;

  /** Null if an earlier version of the server has accepted the run. */
  @StringColumn(16, { nullable: true })
  readonly starterKind!: PrincipalKind | null;

  /** The starter's name at that time. */
  @StringColumn(120, { nullable: true })
  readonly starterName!: string | null;

  /** The key that started the run. It ends if this key loses the permission RUN. */
  @IdColumn({ nullable: true })
  readonly apiKeyId!: string | null;

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
