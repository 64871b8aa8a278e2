import { setMaxListeners } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { Semaphore } from "async-mutex";
import DataLoader from "dataloader";
import { OperationTypeNode } from "graphql";
import type { Authenticator, Identity, PresentedCredential } from "../../domain/api-key/authenticator";
import type { AccessNotifier } from "../../auth/access-notifier";
import { type Caller, confiningScope, fairShareOf, hasLostAgents, hasLostApps } from "../../auth/caller";
import type { WatchedOperation } from "../../auth/operation-access";
import type { EntityManager } from "typeorm";
import { addressRefused, type ApiError } from "../../errors";
import { isInAll } from "../../platform/inbound/address-list";
import type { FairShare } from "../../platform/process/fair-scheduler";
import { LoopTurns } from "../../platform/process/loop-turns";
import type { OperationRequest, Operations, Preparation } from "../graphql/operations";
import { AuthorizedConnection } from "./authorized-connection";
import type { StreamTimings } from "./heartbeat";
import type { ProcessLimits } from "./process-limits";

/** A connection may compute and write this number of subscription results at a time. */
const maxPendingResults = 4;

/** A connection that receives operations and delivers results for longer than a request takes. */
export class LiveConnection extends AuthorizedConnection {
  /** A subscription holds a permit from the computation of a result until the client has taken it. */
  readonly pendingResults = new Semaphore(maxPendingResults);
  /** The operations that must stay authorized, each with what ends its share of the process. */
  protected readonly watched = new Map<WatchedOperation, () => void>();
  private readonly share: FairShare;

  constructor(
    readonly credential: PresentedCredential,
    caller: Caller,
    protected readonly connections: LiveConnections,
  ) {
    super(caller);
    this.share = fairShareOf(caller);
    // Each operation adds a listener; Node would warn of more than ten.
    setMaxListeners(0, this.closed);
  }

  /**
   * Prepares an operation for the caller as it is now, in a turn of the event loop of its own, and watches it from then
   * on, until it is released.
   *
   * @param identity if the caller has just been identified
   * @throws UNAUTHENTICATED if access was revoked
   * @throws LIMIT_REACHED if there are too many subscriptions
   */
  async admit(request: OperationRequest, identity?: Identity): Promise<Preparation & { readonly caller: Caller }> {
    const { authenticator, operations } = this.connections;
    await this.connections.turns.next(this.share);
    let { caller, asOf } = identity ?? (await authenticator.identify(this.credential));
    // The reauthorization for a change since then has missed this operation, which is not watched yet.
    while (asOf !== authenticator.changeCount) ({ caller, asOf } = await authenticator.identify(this.credential));

    const preparation = operations.prepare(request, caller);
    if (preparation.prepared) this.watch(preparation.prepared);
    return { ...preparation, caller };
  }

  /**
   * The connection is closed once the caller would not be authorized for the operation, until it is released.
   *
   * @throws LIMIT_REACHED if there are too many subscriptions
   */
  watch(operation: WatchedOperation): void {
    if (!this.watched.has(operation)) this.watched.set(operation, this.takeShare(operation));
  }

  /** Calls an effect when an operation that is watched is released. */
  whenReleased(operation: WatchedOperation, effect: () => void): void {
    const release = this.watched.get(operation);
    if (!release) {
      effect();
      return;
    }
    this.watched.set(operation, () => {
      release();
      effect();
    });
  }

  private takeShare({ operation }: WatchedOperation): () => void {
    if (!isSubscription(operation)) return () => undefined;
    const maxOfApp = this.caller.kind === "API_KEY" ? this.caller.limits.app.openStreams : null;
    return this.connections.limits.subscriptions.take(this.share, 1, maxOfApp);
  }

  release(operation: WatchedOperation): void {
    this.watched.get(operation)?.();
    this.watched.delete(operation);
  }

  /** The caller as of the last authentication. */
  get holder(): Caller {
    return this.caller;
  }

  /** The number of subscriptions that are open. */
  get openStreams(): number {
    return [...this.watched.keys()].filter(({ operation }) => isSubscription(operation)).length;
  }

  releaseAll(): void {
    for (const operation of this.watched.keys()) this.release(operation);
  }

  /** Gives other work a turn of the event loop before a result is computed. */
  waitForTurn(): Promise<void> {
    return this.connections.turns.next(this.share);
  }

  /**
   * Counts bytes that wait for the client, until the returned function is called.
   *
   * @throws LIMIT_REACHED
   */
  takeUnread(bytes: number): () => void {
    return this.connections.limits.unreadBytes.take(this.share, bytes);
  }

  /** Likewise for a request that is being received. */
  takeRequest(bytes: number): () => void {
    return this.connections.limits.requestBytes.take(this.share, bytes);
  }

  /** The caller as of the last reauthorization. @throws the close reason */
  async currentCaller(): Promise<Caller> {
    await this.assertAuthorized();
    return this.caller;
  }

  /** Asks the database. @throws the close reason */
  async confirmAuthorized(): Promise<void> {
    if (this.isRevocable) await this.reauthorize(this.connections.authenticator.current(this.caller));
    await this.assertAuthorized();
  }

  /**
   * Asks the database as part of a transaction: until it ends, nobody can take away the rights that it relies on.
   *
   * @throws the close reason
   */
  async confirmWithin(manager: EntityManager): Promise<void> {
    const { caller } = this;
    if (!this.isRevocable) return;
    this.closeUnlessHeldBy(await this.connections.authenticator.currentWithin(manager, caller));
    if (this.closeReason) throw this.closeReason;
  }

  /** @throws the close reason, once a reauthorization that is in progress has ended */
  async assertAuthorized(): Promise<void> {
    await this.reauthorization;
    if (this.closeReason) throw this.closeReason;
  }

  /**
   * To be awaited after an event was read and before it is delivered. If other instances may revoke access, it asks the
   * database each time, since they do not notify this one.
   */
  async waitUntilAuthorized(): Promise<void> {
    const mustAsk = this.connections.mayMissChanges || this.hasEnded;
    if (mustAsk && this.isRevocable && !this.closed.aborted) {
      await this.reauthorize(this.connections.currentOf(this.caller));
    }
    // Another reauthorization may have started in the meantime.
    await this.reauthorization;
  }

  protected isStillAllowed(caller: Caller): boolean {
    if (!this.mayComeFromHere(caller)) return false;
    // The caller may no longer reach the session that a watched operation reads.
    if (this.watched.size > 0 && confiningScope(caller) !== confiningScope(this.caller)) return false;
    // Likewise an app.
    if (this.watched.size > 0 && hasLostApps(this.caller, caller)) return false;
    // Likewise an agent or its run.
    if (this.watched.size > 0 && hasLostAgents(this.caller, caller)) return false;
    return this.denialsOf(caller).length === 0;
  }

  protected override reasonFor(holder: Caller | undefined): ApiError {
    return holder && !this.mayComeFromHere(holder) ? addressRefused(this.credential.address) : super.reasonFor(holder);
  }

  private mayComeFromHere(caller: Caller): boolean {
    return caller.kind === "ADMIN" || isInAll(caller.allowedAddresses, this.credential.address);
  }

  /** One error for each field of the watched operations that the caller's grants do not cover. */
  protected denialsOf(caller: Caller): readonly ApiError[] {
    return [...this.watched.keys()].flatMap((operation) => this.connections.operations.lostRights(caller, operation));
  }
}

const isSubscription = ({ operation }: WatchedOperation["operation"]): boolean =>
  operation === OperationTypeNode.SUBSCRIPTION;

/** The connection of one HTTP request. */
export class RequestConnection extends LiveConnection {
  protected override reasonFor(holder: Caller | undefined): ApiError {
    const [denial] = holder ? this.denialsOf(holder) : [];
    return denial ?? super.reasonFor(holder);
  }
}

/**
 * The timeout of the periodic reauthorization for the database. Together with the interval it stays below the two
 * seconds within which a stream must end after another instance has revoked its access, whatever the database does.
 */
const periodicTimeoutMs = 1_300;

/** The timeout after a change in this process, after which a stream must end within one second. */
const changeTimeoutMs = 900;

/** Holds all open connections of this process that must be closed when the access of their callers is revoked. */
export class LiveConnections {
  private readonly connections = new Set<AuthorizedConnection>();
  /** Whether other instances may revoke access without a notification. */
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

  /** @returns undefined if the access of the caller was revoked */
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
