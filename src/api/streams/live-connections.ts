import { setMaxListeners } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import DataLoader from "dataloader";
import { OperationTypeNode } from "graphql";
import type { Authenticator, Credential, Identity } from "../../domain/api-key/authenticator";
import type { AccessNotifier } from "../../auth/access-notifier";
import type { Caller } from "../../auth/caller";
import type { OperationRequest, Operations, Preparation, PreparedOperation } from "../graphql/operations";
import { AuthorizedConnection } from "./authorized-connection";

/** A connection that receives operations and delivers results for longer than a request takes. */
export class LiveConnection extends AuthorizedConnection {
  /** The operations that must stay authorized. */
  private readonly watched = new Set<PreparedOperation>();

  constructor(
    readonly credential: Credential,
    caller: Caller,
    private readonly connections: LiveConnections,
  ) {
    super(caller);
    // Each operation adds a listener; Node would warn of more than ten.
    setMaxListeners(0, this.closed);
  }

  /**
   * Prepares an operation for the caller as it is now. A subscription is watched from then on, until it is released.
   *
   * @param identity if the caller has just been identified
   * @throws UNAUTHENTICATED if access was revoked
   */
  admit(request: OperationRequest, identity?: Identity): Promise<Preparation & { readonly caller: Caller }> {
    return this.prepare(request, ({ operation }) => operation.operation === OperationTypeNode.SUBSCRIPTION, identity);
  }

  /**
   * Watches an operation of which a part is still to be received. Its current errors are left to its execution.
   *
   * @param identity an earlier one; the database is asked again only if access has changed since
   * @throws UNAUTHENTICATED if access was revoked
   */
  async watch(request: OperationRequest, identity: Identity): Promise<void> {
    await this.prepare(request, () => true, identity);
  }

  private async prepare(
    request: OperationRequest,
    isWatched: (prepared: PreparedOperation) => boolean,
    identity?: Identity,
  ): Promise<Preparation & Identity> {
    const { authenticator, operations } = this.connections;
    let { caller, asOf } = identity ?? (await authenticator.identify(this.credential));
    // The reauthorization for a change since then has missed this operation, which is not watched yet.
    while (asOf !== authenticator.changeCount) ({ caller, asOf } = await authenticator.identify(this.credential));

    const preparation = operations.prepare(request, caller);
    const { prepared } = preparation;
    if (prepared && isWatched(prepared)) this.watched.add(prepared);
    return { ...preparation, caller, asOf };
  }

  release(operation: PreparedOperation): void {
    this.watched.delete(operation);
  }

  /**
   * To be awaited after an event was read and before it is delivered. If other instances may revoke access, it asks the
   * database each time, since they do not notify this one.
   */
  async waitUntilAuthorized(): Promise<void> {
    const { mayMissChanges } = this.connections;
    if (mayMissChanges && this.keyId !== undefined && !this.closed.aborted) {
      await this.reauthorize(this.connections.holderOf(this.keyId));
    }
    // Another reauthorization may have started in the meantime.
    await this.reauthorization;
  }

  protected isStillAllowed(caller: Caller): boolean {
    return [...this.watched].every((operation) => this.connections.operations.isStillAllowed(caller, operation));
  }
}

/**
 * The interval of the periodic reauthorization and its timeout for the database. Their sum stays below the two seconds
 * within which a stream must end after another instance has revoked its access, whatever the database does.
 */
const reauthorizationIntervalMs = 500;
const periodicTimeoutMs = 1_300;

/** The timeout after a change in this process, after which a stream must end within one second. */
const changeTimeoutMs = 900;

/** Holds all open connections of this process that must be closed when the access of their callers is revoked. */
export class LiveConnections {
  private readonly connections = new Set<AuthorizedConnection>();
  private reauthorizationTimer: NodeJS.Timeout | undefined;
  /** Collects keys while a query runs, and then asks for all of them with the next query. */
  private readonly holders = new DataLoader<string, Caller | undefined>(
    async (keyIds) => {
      const query = this.authenticator.holdersOfKeys(keyIds);
      this.lastQuery = query.catch(() => undefined);
      const holders = await query;
      return keyIds.map((keyId) => holders.get(keyId));
    },
    { cache: false, batchScheduleFn: (dispatch) => void this.lastQuery.then(dispatch) },
  );
  private lastQuery: Promise<unknown> = Promise.resolve();

  constructor(
    readonly operations: Operations,
    readonly authenticator: Authenticator,
    accessNotifier: AccessNotifier,
  ) {
    accessNotifier.listen((change) => this.reauthorize((each) => each.isAffectedBy(change), changeTimeoutMs));
  }

  /** For a server with several instances, since this one is not notified of access that others revoke. */
  startPeriodicReauthorization(): void {
    // Each one starts even if the last is still pending, since that one may have missed a change.
    const reauthorizeKeys = () => void this.reauthorize(({ keyId }) => keyId !== undefined, periodicTimeoutMs);
    this.reauthorizationTimer = setInterval(reauthorizeKeys, reauthorizationIntervalMs).unref();
  }

  /** Whether other instances may revoke access without a notification. */
  get mayMissChanges(): boolean {
    return this.reauthorizationTimer !== undefined;
  }

  /** @returns undefined if the key is revoked */
  holderOf(keyId: string): Promise<Caller | undefined> {
    return this.holders.load(keyId);
  }

  open(credential: Credential, caller: Caller): LiveConnection {
    const connection = new LiveConnection(credential, caller, this);
    this.add(connection);
    return connection;
  }

  add(connection: AuthorizedConnection): void {
    this.connections.add(connection);
  }

  remove(connection: AuthorizedConnection): void {
    this.connections.delete(connection);
  }

  /** Closes all connections without a reason; for the shutdown of the server. */
  closeAll(): void {
    clearInterval(this.reauthorizationTimer);
    for (const each of this.connections) each.close();
  }

  private async reauthorize(
    isAffected: (connection: AuthorizedConnection) => boolean,
    timeoutMs: number,
  ): Promise<void> {
    const affected = [...this.connections].filter(isAffected);
    // Every affected connection has a key: no change affects an administrator.
    const keyOf = ({ keyId }: AuthorizedConnection) => keyId as string;
    // A new query, not the loader: one that is already running may not see the change.
    const holders = Promise.race([this.authenticator.holdersOfKeys(affected.map(keyOf)), rejectAfter(timeoutMs)]);
    await Promise.all(affected.map((each) => each.reauthorize(holders.then((found) => found.get(keyOf(each))))));
  }
}

const rejectAfter = (timeoutMs: number): Promise<never> =>
  delay(timeoutMs, undefined, { ref: false }).then(() => {
    throw new Error(`The database did not return the holders of the keys within ${timeoutMs} ms`);
  });
