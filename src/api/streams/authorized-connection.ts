import type { AccessChange } from "../../auth/access-notifier";
import type { Caller } from "../../auth/caller";
import { type ApiError, unauthenticated, unavailable } from "../../errors";

/** A connection that outlives the authorization of a single request, and that is closed when its access is revoked. */
export abstract class AuthorizedConnection {
  /** UNAUTHENTICATED if access was revoked, UNAVAILABLE if it can't be determined, else undefined. */
  closeReason: ApiError | undefined;
  /** Pending while the connection is reauthorized. Never rejects. */
  protected reauthorization: Promise<void> = Promise.resolve();
  private readonly closing = new AbortController();

  constructor(private caller: Caller) {}

  /** Whether the caller would be authorized for everything that uses the connection. */
  protected abstract isStillAllowed(caller: Caller): boolean;

  /** Aborted when nothing more may be delivered, with the close reason if there is one. */
  get closed(): AbortSignal {
    return this.closing.signal;
  }

  close(reason?: ApiError): void {
    this.closeReason ??= reason;
    this.closing.abort(this.closeReason);
  }

  /** @returns undefined for an administrator, whose access can't be revoked */
  get keyId(): string | undefined {
    return this.caller.kind === "API_KEY" ? this.caller.keyId : undefined;
  }

  isAffectedBy(change: AccessChange): boolean {
    if (this.caller.kind !== "API_KEY") return false;
    if ("keyId" in change) return change.keyId === this.caller.keyId;
    if ("scopeId" in change) return change.scopeId === this.caller.scopeId;
    return change.appId === this.caller.appId;
  }

  /** @param holder the current holder of the key; undefined if the key is revoked */
  reauthorize(holder: Promise<Caller | undefined>): Promise<void> {
    this.reauthorization = this.closeUnlessAllowed(holder);
    return this.reauthorization;
  }

  private async closeUnlessAllowed(holder: Promise<Caller | undefined>): Promise<void> {
    try {
      const caller = await holder;
      if (caller && this.isStillAllowed(caller)) this.caller = caller;
      else this.close(unauthenticated());
    } catch (error) {
      // Access that can't be determined counts as revoked.
      this.close(unavailable(error));
    }
  }
}
