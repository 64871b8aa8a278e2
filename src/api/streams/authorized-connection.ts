import type { AccessChange } from "../../auth/access-notifier";
import type { Caller } from "../../auth/caller";
import { type ApiError, unauthenticated, unavailable } from "../../errors";

/** A connection that is in use for longer than rights may be taken for granted, and that ends with them. */
export abstract class AuthorizedConnection {
  /** What it is ended with: UNAUTHENTICATED where the rights are gone, UNAVAILABLE where nobody knows; else nothing. */
  closeReason: ApiError | undefined;
  /** Closed while the rights are being judged again. */
  protected gate: Promise<void> = Promise.resolve();
  private readonly closing = new AbortController();

  constructor(private caller: Caller) {}

  /** Whether all that it is in use for would be allowed to a caller. */
  protected abstract isStillAllowed(caller: Caller): boolean;

  /** Given when nothing more is to be delivered, with the fault if there is one. */
  get closed(): AbortSignal {
    return this.closing.signal;
  }

  close(fault?: ApiError): void {
    this.closeReason ??= fault;
    this.closing.abort(this.closeReason);
  }

  /** The API key whose rights it has, which may be taken away. */
  get keyId(): string | undefined {
    return this.caller.kind === "API_KEY" ? this.caller.keyId : undefined;
  }

  isConcernedBy(change: AccessChange): boolean {
    if (this.caller.kind !== "API_KEY") return false;
    if ("keyId" in change) return change.keyId === this.caller.keyId;
    if ("scopeId" in change) return change.scopeId === this.caller.scopeId;
    return change.appId === this.caller.appId;
  }

  /** @param holder who holds the key now; undefined where nobody does any more */
  reauthorize(holder: Promise<Caller | undefined>): Promise<void> {
    this.gate = this.evaluate(holder);
    return this.gate;
  }

  private async evaluate(asked: Promise<Caller | undefined>): Promise<void> {
    try {
      const caller = await asked;
      if (caller && this.isStillAllowed(caller)) this.caller = caller;
      else this.close(unauthenticated());
    } catch (error) {
      // What can't be found out now is not allowed either.
      this.close(unavailable(error));
    }
  }
}
