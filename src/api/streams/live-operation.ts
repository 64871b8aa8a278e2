import type { EntityManager } from "typeorm";
import type { Caller } from "../../auth/caller";
import type { OperationAccess, WatchedOperation } from "../../auth/operation-access";
import type { ApiError } from "../../errors";
import type { LiveConnection } from "./live-connection";

/** An operation of a live connection. The connection is closed if the operation loses its rights. */
export class LiveOperation implements OperationAccess {
  private hasBegun = false;

  constructor(private readonly connection: LiveConnection) {}

  get ended(): AbortSignal {
    return this.connection.closed;
  }

  async admit(
    operation: WatchedOperation,
    denialsOf: (caller: Caller) => readonly ApiError[],
  ): Promise<readonly ApiError[]> {
    let caller: Caller;
    try {
      caller = await this.connection.currentCaller();
    } catch (error) {
      const { closeReason } = this.connection;
      if (closeReason) return [closeReason];
      throw error;
    }
    const denials = denialsOf(caller);
    if (denials.length === 0) this.connection.watch(operation);
    return denials;
  }

  beforeMutationField(): Promise<void> {
    if (this.hasBegun) return this.connection.confirmAuthorized();
    this.hasBegun = true;
    return this.connection.assertAuthorized();
  }

  async confirm(): Promise<void> {
    await this.connection.waitUntilAuthorized();
    await this.connection.assertAuthorized();
  }

  unlessLost<Result>(work: Promise<Result>): Promise<Result | ApiError> {
    return this.connection.unlessLost(work);
  }

  async loss(): Promise<ApiError | undefined> {
    await this.connection.assertAuthorized().catch(() => undefined);
    return this.connection.closeReason;
  }

  /** The guard of the operation's transactions. */
  readonly guard = (manager: EntityManager): Promise<void> => this.connection.confirmWithin(manager);
}
