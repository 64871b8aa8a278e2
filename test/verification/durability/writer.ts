import { accessOperations, deleteApp, newApp } from "./access-operations";
import { agentOperations } from "./agent-operations";
import { Contradiction } from "./retrying-client";
import type { WriteOperation } from "./operation";
import type { WriterClient } from "./writer-client";
import type { KnownApp } from "./ledger";
import { runOperations } from "./run-operations";
import { sessionOperations } from "./session-operations";

const deeds: readonly WriteOperation[] = [
  ...accessOperations,
  ...agentOperations,
  ...sessionOperations,
  ...runOperations,
];

/** The mutations that are made; the last two begin and end an app. */
export const mutationsMade: readonly string[] = [...deeds.map(({ mutation }) => mutation), "createApp", "deleteApp"];

/** So few that each list of an app is one page. */
const deedsPerApp = 180;

/** Makes changes of all kinds, one after the other, in apps of its own, so that it knows what must be there. */
export class Writer {
  readonly apps: KnownApp[] = [];

  /**
   * @param weights of mutations that are to be made more often or less often than usual
   * @param contradiction takes what an answer contradicted
   */
  constructor(
    private readonly hand: WriterClient,
    private readonly weights: Readonly<Record<string, number>>,
    private readonly contradiction: (what: string) => void,
  ) {}

  /** How many changes were answered with success. */
  get written(): number {
    return this.hand.written;
  }

  async writeUntil(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      try {
        await this.live(isOver);
      } catch (error) {
        if (!(error instanceof Contradiction)) throw error;
        this.contradiction(error.message);
      }
    }
  }

  /** Fills an app, and deletes some of those that are full. */
  private async live(isOver: () => boolean): Promise<void> {
    const app = await newApp(this.hand);
    this.apps.push(app);
    for (let done = 0; done < deedsPerApp; done += 1) {
      if (isOver()) return;
      await this.someDeed(app).do(this.hand, app);
    }
    if (this.hand.happens(0.2)) await deleteApp(this.hand, app);
  }

  private someDeed(app: KnownApp): WriteOperation {
    const possible = deeds.filter((deed) => deed.isPossible(app));
    const weightOf = ({ mutation, weight }: WriteOperation) => this.weights[mutation] ?? weight;
    const sum = possible.reduce((weights, deed) => weights + weightOf(deed), 0);
    let left = (this.hand.random.integer(0, 1_000_000) / 1_000_000) * sum;
    const chosen = possible.find((deed) => (left -= weightOf(deed)) < 0) ?? possible.at(-1);
    if (!chosen) throw new RangeError("There is nothing to be done");
    return chosen;
  }
}
