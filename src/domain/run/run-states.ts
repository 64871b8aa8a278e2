import DataLoader from "dataloader";
import { In } from "typeorm";
import type { Database } from "../../platform/database/database";
import { isFinished, Run } from "./run.entity";

export interface RunState {
  readonly isFinished: boolean;
  readonly eventCount: number;
}

/** Polls within this time share a statement. */
const pollBatchMs = 20;

/** Runs per statement. */
const maxBatchSize = 250;

/**
 * Tells those who wait for runs whether there is anything new. All of a process poll together, so that the number of
 * statements does not grow with the number of waiters.
 */
export class RunStates {
  private readonly current = this.loader((dispatch) => void setImmediate(dispatch));
  private readonly polled = this.loader((dispatch) => void setTimeout(dispatch, pollBatchMs));

  constructor(private readonly db: Database) {}

  /** @returns undefined if there is no such run */
  load(runId: string): Promise<RunState | undefined> {
    return this.current.load(runId);
  }

  /** Like `load`, but may take a moment longer, so that many polls become one statement. */
  poll(runId: string): Promise<RunState | undefined> {
    return this.polled.load(runId);
  }

  private loader(batchScheduleFn: (dispatch: () => void) => void): DataLoader<string, RunState | undefined> {
    const loader = new DataLoader<string, RunState | undefined>(
      async (ids) => {
        // Waiters for the same run share an entry of the batch; nothing is kept beyond it.
        loader.clearAll();
        const select = { id: true, status: true, eventCount: true } as const;
        const runs = await this.db.read.find(Run, { select, where: { id: In([...ids]) } });
        const states = new Map(
          runs.map((run) => [run.id, { isFinished: isFinished(run), eventCount: run.eventCount }]),
        );
        return ids.map((id) => states.get(id));
      },
      { maxBatchSize, batchScheduleFn },
    );
    return loader;
  }
}
