import { Field, ID, Int, InterfaceType, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { Run } from "./run.entity";
import { PrimaryIdColumn, StringColumn, TextColumn, TimestampColumn } from "../../platform/database/columns";

export type RunEventType = "STARTED" | "OUTPUT" | "TOOL_CALL" | "TOOL_RESULT" | "FINISHED";

/** Which call of a tool an event is about. */
export interface StoredToolCall {
  readonly callId: string;
  readonly name: string;
  readonly isError: boolean;
}

/** An event as it is stored. */
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
  @Field(() => Int, { description: "From 0, without gaps." })
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
    "The run was begun. Where it comes once more, it was begun again, as its agent allows (`onInterrupt: RETRY`): the output so far is void.",
})
export class RunStarted extends RunEvent {}

@ObjectType({ implements: RunEvent, description: "The next piece of the answer." })
export class RunOutput extends RunEvent {
  @Field()
  readonly text: string;

  constructor(stored: StoredRunEvent) {
    super(stored);
    this.text = stored.text ?? "";
  }
}

@ObjectType({ implements: RunEvent, description: "The model calls a tool." })
export class RunToolCall extends RunEvent {
  @Field(() => ID, { description: "The same as in the result." })
  readonly callId: string;

  @Field()
  readonly name: string;

  @Field({ description: "What the tool is given, as JSON." })
  readonly arguments: string;

  constructor(stored: StoredRunEvent) {
    super(stored);
    this.callId = stored.tool?.callId ?? "";
    this.name = stored.tool?.name ?? "";
    this.arguments = stored.text ?? "{}";
  }
}

@ObjectType({ implements: RunEvent, description: "What came of a call of a tool, as the model was told." })
export class RunToolResult extends RunEvent {
  @Field(() => ID)
  readonly callId: string;

  @Field()
  readonly name: string;

  @Field()
  readonly result: string;

  @Field({ description: "Whether the tool failed. The run goes on: what to make of it is for the model." })
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
  description: "The last event, whether it succeeded, failed or was cancelled.",
})
export class RunFinished extends RunEvent {
  @Field(() => Run)
  readonly run: Run;

  constructor(stored: StoredRunEvent, run: Run) {
    super(stored);
    this.run = run;
  }
}
