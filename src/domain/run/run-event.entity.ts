import { Field, ID, Int, InterfaceType, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { RequireRuntime } from "../../auth/require";
import { Run } from "./run.entity";
import { PrimaryIdColumn, StringColumn, TextColumn, TimestampColumn } from "../../platform/database/columns";

export type RunEventType =
  "STARTED" | "OUTPUT" | "REASONING" | "OUTPUT_VOID" | "TOOL_CALL" | "TOOL_RESULT" | "FINISHED";

export interface StoredToolCall {
  readonly callId: string;
  readonly name: string;
  readonly isError: boolean;
}

@Entity("run_event")
export class StoredRunEvent {
  @PrimaryIdColumn()
  readonly runId!: string;

  @PrimaryColumn({ type: "int" })
  readonly position!: number;

  @StringColumn(16)
  readonly type!: RunEventType;

  @TextColumn({ nullable: true })
  readonly text!: string | null;

  @Column({ type: "simple-json", nullable: true })
  readonly tool!: StoredToolCall | null;

  @TimestampColumn()
  readonly createdAt!: Date;
}

@InterfaceType()
export abstract class RunEvent {
  @Field(() => Int, { description: "Starts at 0 and has no gaps." })
  readonly index!: number;

  @Field(() => ID)
  readonly runId!: string;

  constructor({ position, runId }: StoredRunEvent) {
    this.index = position;
    this.runId = runId;
  }
}

@ObjectType({
  implements: RunEvent,
  description:
    "An attempt of the run started. A run has several if it was interrupted and its agent allows retries (`onInterrupt: RETRY`); the output before the last one is void.",
})
export class RunStarted extends RunEvent {}

@ObjectType({ implements: RunEvent, description: "The next part of the answer." })
export class RunOutput extends RunEvent {
  @Field()
  readonly text: string;

  constructor(stored: StoredRunEvent) {
    super(stored);
    this.text = stored.text ?? "";
  }
}

@ObjectType({
  implements: RunEvent,
  description:
    "The next part of what the model thinks before it answers, if its provider tells it: up to 100,000 characters in a run. It is no part of the output and of the session's messages, and later runs are not told it.",
})
export class RunReasoning extends RunEvent {
  @Field()
  @RequireRuntime("SESSION_VIEW")
  readonly text: string;

  @Field({
    description:
      "Whether the output of this attempt so far turned out to be reasoning, and is void. Only a model whose template opens its reasoning tag does that; its server can be set to separate reasoning.",
  })
  readonly voidsOutput: boolean;

  constructor(stored: StoredRunEvent) {
    super(stored);
    this.text = stored.text ?? "";
    this.voidsOutput = stored.type === "OUTPUT_VOID";
  }
}

@ObjectType({ implements: RunEvent, description: "The model calls a tool." })
export class RunToolCall extends RunEvent {
  @Field(() => ID, { description: "The same as in the RunToolResult." })
  readonly callId: string;

  @Field()
  readonly name: string;

  @Field({ description: "The arguments of the call, as JSON." })
  @RequireRuntime("SESSION_VIEW")
  readonly arguments: string;

  constructor(stored: StoredRunEvent) {
    super(stored);
    this.callId = stored.tool?.callId ?? "";
    this.name = stored.tool?.name ?? "";
    this.arguments = stored.text ?? "{}";
  }
}

@ObjectType({ implements: RunEvent, description: "The result of a tool call, as the model received it." })
export class RunToolResult extends RunEvent {
  @Field(() => ID)
  readonly callId: string;

  @Field()
  readonly name: string;

  @Field()
  @RequireRuntime("SESSION_VIEW")
  readonly result: string;

  @Field({ description: "Whether the tool failed. The run continues; the model decides what to do." })
  readonly isError: boolean;

  constructor(stored: StoredRunEvent) {
    super(stored);
    this.callId = stored.tool?.callId ?? "";
    this.name = stored.tool?.name ?? "";
    this.result = stored.text ?? "";
    this.isError = stored.tool?.isError ?? false;
  }
}

@ObjectType({
  implements: RunEvent,
  description: "The last event: the run succeeded, failed or was cancelled.",
})
export class RunFinished extends RunEvent {
  @Field(() => Run)
  readonly run: Run;

  constructor(stored: StoredRunEvent, run: Run) {
    super(stored);
    this.run = run;
  }
}
