import type { EntityManager } from "typeorm";
import { newId } from "../database/ids";

/** What an instance has others do. */
export interface Duties {
  /** To give up at once what is done in the name of an instance that the others take for dead. */
  readonly giveUp: () => void;
  /** To look for what instances that are gone have left. Never fails. */
  readonly takeOver: () => Promise<void>;
}

/** This process among those that work on the same database. What it works on bears its id. */
export interface Instance {
  readonly id: string;
  /** Whether there may be others. */
  readonly hasOthers: boolean;
  /** Makes it known. To be called before anything bears its id. */
  open(): Promise<void>;
  start(duties: Duties): Promise<void>;
  /** Whether the others know it, so that what bears its id is not taken away from it. */
  isKnown(manager: EntityManager): Promise<boolean>;
  /** Those of these ids that belong to no living instance. Null is nobody's. To be asked after what bears them was read. */
  goneOf(ids: readonly (string | null)[]): Promise<ReadonlySet<string | null>>;
  close(): Promise<void>;
}

/** The only one there is: whatever others have left is its own from the start. */
export class SoleInstance implements Instance {
  readonly id = newId();
  readonly hasOthers = false;

  open(): Promise<void> {
    return Promise.resolve();
  }

  start({ takeOver }: Duties): Promise<void> {
    return takeOver();
  }

  isKnown(): Promise<boolean> {
    return Promise.resolve(true);
  }

  goneOf(ids: readonly (string | null)[]): Promise<ReadonlySet<string | null>> {
    return Promise.resolve(new Set(ids.filter((id) => id !== this.id)));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
