import { Semaphore } from "async-mutex";
import { OperationTypeNode } from "graphql";
import type { Authenticator, Identity, PresentedCredential } from "../../domain/api-key/authenticator";
import { type Caller, confiningScope, fairShareOf, hasLostAgents, hasLostApps } from "../../auth/caller";
import type { WatchedOperation } from "../../auth/operation-access";
import type { EntityManager } from "typeorm";
import { addressRefused, type ApiError } from "../../errors";
import { isInAll } from "../../platform/inbound/address-list";
import type { FairShare } from "../../platform/process/fair-scheduler";
import type { LoopTurns } from "../../platform/process/loop-turns";
import type { OperationRequest, Operations, Preparation } from "../graphql/operations";
import { AuthorizedConnection } from "./authorized-connection";
import type { ProcessLimits } from "./process-limits";

/** The objects that all connections of this process share. */
export interface ConnectionContext {
  readonly operations: Operations;
  readonly authenticator: Authenticator;
  readonly limits: ProcessLimits;
  readonly turns: LoopTurns;
  /** Whether other instances may revoke access without a notification. */
  readonly mayMissChanges: boolean;
  /** @returns undefined if the access of the caller was revoked */
  currentOf(caller: Caller): Promise<Caller | undefined>;
}

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
    protected readonly context: ConnectionContext,
  ) {
    super(caller);
    this.share = fairShareOf(caller);
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
    const { authenticator, operations } = this.context;
    await this.context.turns.next(this.share);
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
    return this.context.limits.subscriptions.take(this.share, 1, maxOfApp);
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

  /**
   * Ends the shares of all operations, as the client has gone. What still executes stays watched: its changes need the rights
   * as much as before.
   */
  releaseAll(): void {
    for (const [watched, release] of this.watched) {
      if (isSubscription(watched.operation)) this.watched.delete(watched);
      else this.watched.set(watched, () => undefined);
      release();
    }
  }

  /** Gives other work a turn of the event loop before a result is computed. */
  waitForTurn(): Promise<void> {
    return this.context.turns.next(this.share);
  }

  /**
   * Counts bytes that wait for the client, until the returned function is called.
   *
   * @throws LIMIT_REACHED
   */
  takeUnread(bytes: number): () => void {
    return this.context.limits.unreadBytes.take(this.share, bytes);
  }

  /** Likewise for a request that is being received. */
  takeRequest(bytes: number): () => void {
    return this.context.limits.requestBytes.take(this.share, bytes);
  }

  /** The caller as of the last reauthorization. @throws the close reason */
  async currentCaller(): Promise<Caller> {
    await this.assertAuthorized();
    return this.caller;
  }

  /** Asks the database. @throws the close reason */
  async confirmAuthorized(): Promise<void> {
    if (this.isRevocable) await this.reauthorize(this.context.authenticator.current(this.caller));
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
    this.closeUnlessHeldBy(await this.context.authenticator.currentWithin(manager, caller));
    if (this.closeReason) throw this.closeReason;
  }

  /** @throws the close reason, at the latest once a reauthorization that is in progress has ended */
  async assertAuthorized(): Promise<void> {
    // An earlier one, which is in progress too, may find it first.
    await this.unlessLost(this.reauthorization);
    if (this.closeReason) throw this.closeReason;
  }

  /**
   * To be awaited after an event was read and before it is delivered. If other instances may revoke access, it asks the
   * database each time, since they do not notify this one.
   */
  async waitUntilAuthorized(): Promise<void> {
    const mustAsk = this.context.mayMissChanges || this.hasEnded;
    if (mustAsk && this.isRevocable && !this.isClosed) {
      await this.reauthorize(this.context.currentOf(this.caller));
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
    return [...this.watched.keys()].flatMap((operation) => this.context.operations.lostRights(caller, operation));
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
