import { Field, ID, Int, InterfaceType, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { Run } from "./run.entity";

export type RunEventType = "STARTED" | "OUTPUT" | "FINISHED";

/** An event as it is stored. */
@Entity("run_event")
export class StoredRunEvent {
  @PrimaryColumn({ type: "varchar", length: 36 })
  readonly runId!: string;

  @PrimaryColumn({ type: "int" })
  readonly position!: number;

  @Column({ type: "varchar", length: 16 })
  readonly type!: RunEventType;

  @Column({ type: "text", nullable: true })
  readonly text!: string | null;

  @Column({ type: "datetime", precision: 3 })
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
