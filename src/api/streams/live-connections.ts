import { setTimeout as delay } from "node:timers/promises";
import DataLoader from "dataloader";
import type { Authenticator, Identity, PresentedCredential } from "../../domain/api-key/authenticator";
import type { AccessNotifier } from "../../auth/access-notifier";
import type { Caller } from "../../auth/caller";
import { LoopTurns } from "../../platform/process/loop-turns";
import type { Operations } from "../graphql/operations";
import type { AuthorizedConnection } from "./authorized-connection";
import type { StreamTimings } from "./heartbeat";
import { type ConnectionContext, LiveConnection, RequestConnection } from "./live-connection";
import type { ProcessLimits } from "./process-limits";

/**
 * The timeout of the periodic reauthorization for the database. Together with the interval it stays below the two
 * seconds within which a stream must end after another instance has revoked its access, whatever the database does.
 */
const periodicTimeoutMs = 1_200;

/** The timeout after a change in this process, after which a stream must end within one second. */
const changeTimeoutMs = 900;

/** Holds all open connections of this process that must be closed when the access of their callers is revoked. */
export class LiveConnections implements ConnectionContext {
  private readonly connections = new Set<AuthorizedConnection>();
  mayMissChanges = false;
  private reauthorizationTimer: NodeJS.Timeout | undefined;
  /** Collects callers while a query runs, and then asks for all of them with the next query. */
  private readonly current = new DataLoader<Caller, Caller | undefined>(
    (callers) => {
      const query = this.authenticator.currentOf(callers);
      this.lastQuery = query.catch(() => undefined);
      return query;
    },
    { cache: false, batchScheduleFn: (dispatch) => void this.lastQuery.then(dispatch) },
  );
  private lastQuery: Promise<unknown> = Promise.resolve();
  /** Of all connections, so that many operations or events at once do not hold the event loop. */
  readonly turns = new LoopTurns();

  constructor(
    readonly operations: Operations,
    readonly authenticator: Authenticator,
    readonly limits: ProcessLimits,
    accessNotifier: AccessNotifier,
  ) {
    accessNotifier.countStreamsBy((keyIds) => this.countStreams(keyIds));
    accessNotifier.listen((change) => this.reauthorize((each) => each.isAffectedBy(change), changeTimeoutMs));
  }

  /**
   * Notices what is revoked without a notification: by other instances, and by commands that change the database.
   *
   * @param hasOthers whether there are other instances; then the database is also asked before each event
   */
  startPeriodicReauthorization(
    { reauthorizationIntervalMs }: StreamTimings,
    { hasOthers }: { readonly hasOthers: boolean },
  ): void {
    this.mayMissChanges = hasOthers;
    // Each one starts even if the last is still pending, since that one may have missed a change.
    const reauthorizeAll = () => void this.reauthorize(({ isRevocable }) => isRevocable, periodicTimeoutMs);
    this.reauthorizationTimer = setInterval(reauthorizeAll, reauthorizationIntervalMs).unref();
  }

  currentOf(caller: Caller): Promise<Caller | undefined> {
    return this.current.load(caller);
  }

  open(credential: PresentedCredential, caller: Caller): LiveConnection {
    const connection = new LiveConnection(credential, caller, this);
    this.add(connection);
    return connection;
  }

  /** @param identity the caller is asked for again if access has changed since */
  openRequest(credential: PresentedCredential, { caller, asOf }: Identity): RequestConnection {
    const connection = new RequestConnection(credential, caller, this);
    this.add(connection);
    // The reauthorization for a change since then has missed this connection.
    if (asOf !== this.authenticator.changeCount && connection.isRevocable) {
      void connection.reauthorize(this.authenticator.current(caller));
    }
    return connection;
  }

  add(connection: AuthorizedConnection): void {
    this.connections.add(connection);
  }

  remove(connection: AuthorizedConnection): void {
    this.connections.delete(connection);
    if (connection instanceof LiveConnection) connection.releaseAll();
  }

  /** The number of subscriptions that are open. */
  get openStreams(): number {
    return [...this.connections].reduce(
      (sum, each) => sum + (each instanceof LiveConnection ? each.openStreams : 0),
      0,
    );
  }

  private countStreams(keyIds: ReadonlySet<string>): number {
    const ofKeys = [...this.connections].filter(({ keyId }) => keyId !== undefined && keyIds.has(keyId));
    return ofKeys.reduce((sum, each) => sum + (each instanceof LiveConnection ? each.openStreams : 0), 0);
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
    const callers = affected.map(({ lastCaller }) => lastCaller);
    // A new query, not the loader: one that is already running may not see the change.
    const current = Promise.race([this.authenticator.currentOf(callers), rejectAfter(timeoutMs)]);
    await Promise.all(affected.map((each, i) => each.reauthorize(current.then((found) => found[i]))));
  }
}

const rejectAfter = (timeoutMs: number): Promise<never> =>
  delay(timeoutMs, undefined, { ref: false }).then(() => {
    throw new Error(`The database did not return the callers within ${timeoutMs} ms`);
  });
