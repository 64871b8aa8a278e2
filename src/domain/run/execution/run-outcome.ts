import type { Citation, RunError, Usage } from "../run.entity";
import type { RunErrorCode } from "../run-errors";
import type { TokenUsage } from "../../../model/model";

/** The final state of a run. */
export interface Outcome {
  readonly status: "SUCCEEDED" | "FAILED" | "CANCELLED";
  readonly citations?: readonly Citation[];
  readonly error?: RunError;
  readonly usage?: Usage;
  /** Output that is stored together with the final state, each text as an event. */
  readonly lastOutput?: readonly string[];
}

/** The database became unavailable during the execution. The caller requeues or ends the run. */
export interface Interrupted {
  readonly isInterrupted: true;
  readonly usage?: TokenUsage;
}

export type ExecutionResult = Outcome | Interrupted;

export const failure = (code: RunErrorCode, message: string): Outcome => ({
  status: "FAILED",
  error: { code, message },
});
