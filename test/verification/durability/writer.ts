import { administratorOperations } from "./administrator-operations";
import { consoleOperations } from "./console-operations";
import { accessOperations, createApp, deleteApp } from "./access-operations";
import { agentOperations, toolServerOperations } from "./agent-operations";
import { ContradictionError } from "./retrying-client";
import type { WriteOperation } from "./operation";
import type { WriterClient } from "./writer-client";
import type { KnownApp } from "./ledger";
import { runOperations } from "./run-operations";
import { sessionOperations } from "./session-operations";

const operations: readonly WriteOperation[] = [
  ...accessOperations,
  ...administratorOperations,
  ...consoleOperations,
  ...agentOperations,
  ...toolServerOperations,
  ...sessionOperations,
  ...runOperations,
];

/** Every mutation that a writer makes, including the first and the last one of each app. */
export const coveredMutations: readonly string[] = [
  ...operations.map(({ mutation }) => mutation),
  "createApp",
  "deleteApp",
];

/** Small enough that each list of an app fits into one page. */
const operationsPerApp = 180;

/** Makes writes of all kinds sequentially, in apps that no other writer touches, so that it knows their exact state. */
export class Writer {
  readonly apps: KnownApp[] = [];

  /** @param weights overrides the default weights of these mutations */
  constructor(
    private readonly client: WriterClient,
    private readonly weights: Readonly<Record<string, number>>,
    private readonly onViolation: (violation: string) => void,
  ) {}

  /** The number of acknowledged writes. */
  get written(): number {
    return this.client.written;
  }

  async writeUntil(isStopped: () => boolean): Promise<void> {
    while (!isStopped()) {
      try {
        await this.fillApp(isStopped);
      } catch (error) {
        if (!(error instanceof ContradictionError)) throw error;
        this.onViolation(error.message);
      }
    }
  }

  /** Creates and fills an app, and deletes some of the apps that are full. */
  private async fillApp(isStopped: () => boolean): Promise<void> {
    const app = await createApp(this.client);
    this.apps.push(app);
    for (let done = 0; done < operationsPerApp; done += 1) {
      if (isStopped()) return;
      await this.pickOperation(app).run(this.client, app);
    }
    if (this.client.chance(0.2)) await deleteApp(this.client, app);
  }

  private pickOperation(app: KnownApp): WriteOperation {
    const possible = operations.filter((operation) => operation.isPossible(app));
    const weightOf = ({ mutation, weight }: WriteOperation) => this.weights[mutation] ?? weight;
    const sum = possible.reduce((total, operation) => total + weightOf(operation), 0);
    let remaining = (this.client.random.integer(0, 1_000_000) / 1_000_000) * sum;
    const picked = possible.find((operation) => (remaining -= weightOf(operation)) < 0) ?? possible.at(-1);
    if (!picked) throw new RangeError("No operation is possible");
    return picked;
  }
}
