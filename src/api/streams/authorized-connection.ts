import { setMaxListeners } from "node:events";
import type { AccessChange } from "../../auth/access-notifier";
import { type Caller, holderIdOf, isRevocable } from "../../auth/caller";
import {
  administratorRevoked,
  type ApiError,
  consoleSessionEnded,
  keyRevoked,
  unauthenticated,
  unavailable,
} from "../../errors";

/** A connection that outlives the authorization of a single request, and that is closed when its access is revoked. */
export abstract class AuthorizedConnection {
  /** UNAUTHENTICATED if access was revoked, UNAVAILABLE if it can't be determined, else undefined. */
  closeReason: ApiError | undefined;
  /** Pending while the connection is reauthorized. Never rejects. */
  protected reauthorization: Promise<void> = Promise.resolve();
  protected isClosed = false;
  /** Made once it is asked for, as most connections are those of requests that end at once. */
  private closing: AbortController | undefined;
  /** Called with the close reason. Each operation has one, for which `closed` would take longer to make. */
  private readonly lossListeners = new Set<(reason: ApiError) => void>();

  constructor(protected caller: Caller) {}

  /** Whether the caller would be authorized for everything that uses the connection. */
  protected abstract isStillAllowed(caller: Caller): boolean;

  /** @param holder the caller as it is now, who lacks a right; undefined if its access was revoked */
  protected reasonFor(holder: Caller | undefined): ApiError {
    if (holder) return unauthenticated();
    if (this.caller.console) return consoleSessionEnded();
    if (this.caller.kind === "API_KEY") return keyRevoked();
    return this.hasEnded ? unauthenticated() : administratorRevoked();
  }

  /** Aborted when nothing more may be delivered, with the close reason if there is one. */
  get closed(): AbortSignal {
    if (!this.closing) {
      this.closing = new AbortController();
      // Each operation adds a listener; Node would warn of more than ten.
      setMaxListeners(0, this.closing.signal);
      if (this.isClosed) this.closing.abort(this.closeReason);
    }
    return this.closing.signal;
  }

  close(reason?: ApiError): void {
    this.closeReason ??= reason;
    this.isClosed = true;
    this.closing?.abort(this.closeReason);
    if (this.closeReason) for (const each of this.lossListeners) each(this.closeReason);
  }

  /** @returns the result of the work, or the close reason if that comes first */
  async unlessLost<Result>(work: Promise<Result>): Promise<Result | ApiError> {
    let listener: (reason: ApiError) => void = () => undefined;
    const lost = new Promise<ApiError>((resolve) => {
      listener = resolve;
      this.lossListeners.add(listener);
      if (this.closeReason) resolve(this.closeReason);
    });
    try {
      return await Promise.race([lost, work]);
    } finally {
      this.lossListeners.delete(listener);
    }
  }

  /** Whether access can be revoked: it can't for the root key. */
  get isRevocable(): boolean {
    return isRevocable(this.caller);
  }

  /** The caller as of the last reauthorization. */
  get lastCaller(): Caller {
    return this.caller;
  }

  /** @returns undefined for an administrator */
  get keyId(): string | undefined {
    return this.caller.kind === "API_KEY" ? this.caller.keyId : undefined;
  }

  /** Whether the time of the credential was over, as of the last reauthorization. */
  protected get hasEnded(): boolean {
    const { endsAt } = this.caller;
    return endsAt !== null && endsAt.getTime() <= Date.now();
  }

  isAffectedBy(change: AccessChange): boolean {
    const { console } = this.caller;
    if ("consoleSessionId" in change) return change.consoleSessionId === console?.sessionId;
    if ("administratorId" in change)
      return [holderIdOf(this.caller), console?.identity?.administratorId].includes(change.administratorId);
    if (this.caller.kind !== "API_KEY") return false;
    if ("keyId" in change) return change.keyId === this.caller.keyId;
    if ("scopeId" in change) return change.scopeId === this.caller.scopeId;
    return change.appId === this.caller.appId;
  }

  /** @param holder the caller as it is now; undefined if its access was revoked */
  reauthorize(holder: Promise<Caller | undefined>): Promise<void> {
    this.reauthorization = this.closeUnlessAllowed(holder);
    return this.reauthorization;
  }

  /** @param holder the caller as it is now; undefined if its access was revoked */
  protected closeUnlessHeldBy(holder: Caller | undefined): void {
    if (holder && this.isStillAllowed(holder)) this.caller = holder;
    else this.close(this.reasonFor(holder));
  }

  private async closeUnlessAllowed(holder: Promise<Caller | undefined>): Promise<void> {
    try {
      this.closeUnlessHeldBy(await holder);
    } catch (error) {
      // Access that can't be determined counts as revoked.
      this.close(unavailable(error));
    }
  }
}
