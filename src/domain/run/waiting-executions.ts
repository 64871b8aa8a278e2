import { SharedLimit } from "../../platform/process/shared-limit";

/** Bounds the executions that wait for their runs (`waitMs`). */
export const waitingExecutionsWithin = ({
  maxWaitingExecutions,
}: {
  readonly maxWaitingExecutions: number;
}): SharedLimit =>
  new SharedLimit(
    {
      name: "waitingExecutions",
      noun: "executions that wait for their runs",
      remedy: "Execute the agent with `waitMs: 0`, and subscribe to `runEvents`, or try again when others have ended.",
    },
    maxWaitingExecutions,
  );
