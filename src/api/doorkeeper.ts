import type { IncomingMessage } from "node:http";
import type { Caller } from "../auth/caller";
import type { Authenticator, Credential, Identity, PresentedCredential } from "../domain/api-key/authenticator";
import type { FailedCredentials } from "../domain/api-key/failed-credentials";
import type { UrgentCredentials } from "../domain/api-key/urgent-credentials";
import { ApiError } from "../errors";
import { clientAddressOf, networkOf } from "../platform/inbound/client-address";
import { type LoadShedder, overloaded } from "../platform/inbound/load-shedder";
import type { TrustedProxies } from "../platform/inbound/trusted-proxies";
import { credentialOfText } from "./credential";

/**
 * Identifies callers who come to a door, and refuses addresses that send too many invalid credentials. If the process is
 * overloaded it refuses requests too, except those of administrators, who must be able to revoke access then.
 */
export class Doorkeeper {
  /** Requests of administrators that came while the process was overloaded. */
  private readonly urgentRequests = new WeakSet<IncomingMessage>();

  constructor(
    private readonly authenticator: Authenticator,
    private readonly failedCredentials: FailedCredentials,
    private readonly loadShedder: LoadShedder,
    private readonly urgentCredentials: UrgentCredentials,
    readonly trustedProxies: TrustedProxies,
  ) {}

  /**
   * Admits a request before it waits for the verification of its credential.
   *
   * @param cookie returns the credential, if it is in none of the headers for credentials
   * @returns a function that ends the wait, which may be called more than once; undefined if the process is overloaded
   */
  admit(request: IncomingMessage, cookie: () => Credential | undefined): (() => void) | undefined {
    const isAdmitted = this.loadShedder.admits();
    if (!this.loadShedder.isOverloaded) return this.loadShedder.wait();
    const credential = cookie() ?? bearerOf(request);
    const isUrgent = credential !== undefined && this.isUrgent(this.presented(request, credential));
    if (isUrgent) this.urgentRequests.add(request);
    if (isAdmitted) return this.loadShedder.wait();
    return isUrgent ? () => undefined : undefined;
  }

  /** Whether a request must not wait behind those of others from its address. */
  hasPriority(request: IncomingMessage): boolean {
    return this.urgentRequests.has(request);
  }

  /** A credential as this request presents it. */
  presented(request: IncomingMessage, credential: Credential): PresentedCredential {
    return { ...credential, address: clientAddressOf(request, this.trustedProxies) };
  }

  /** @throws as Authenticator.identify() does, and RATE_LIMITED */
  identify(credential: PresentedCredential): Promise<Identity> {
    return this.guard(
      credential,
      () => this.authenticator.identify(credential),
      ({ caller }) => caller,
    );
  }

  /** @throws as Authenticator.authenticate() does, RATE_LIMITED, and UNAVAILABLE if the process is overloaded */
  async authenticate(credential: PresentedCredential): Promise<Caller> {
    this.admitOperation(credential);
    const verify = () => this.loadShedder.verify(() => this.authenticator.authenticate(credential));
    return this.guard(credential, verify, (caller) => caller);
  }

  /** Admits an operation on an open connection. @throws UNAVAILABLE if the process is overloaded */
  admitOperation(credential: PresentedCredential): void {
    if (this.loadShedder.admits() || this.isUrgent(credential)) return;
    throw overloaded();
  }

  /** Whether a request must get through if the process is overloaded, as it can revoke access. Asks nobody. */
  private isUrgent(credential: PresentedCredential): boolean {
    return this.authenticator.isAdministrator(credential) || this.urgentCredentials.admits(credential);
  }

  private async guard<Result>(
    credential: PresentedCredential,
    verify: () => Promise<Result>,
    callerIn: (result: Result) => Caller,
  ): Promise<Result> {
    try {
      const result = await this.failedCredentials.guard(networkOf(credential.address), credential, verify);
      const caller = callerIn(result);
      // An administrator who acts as a scope has a console session.
      if (caller.kind === "ADMIN" || caller.console) this.urgentCredentials.remember(credential);
      return result;
    } catch (error) {
      if (error instanceof ApiError && error.code === "UNAUTHENTICATED") this.urgentCredentials.forget(credential);
      throw error;
    }
  }
}

/** The API keys that most requests have are recognized by their beginning. */
function bearerOf({ headers }: IncomingMessage): Credential | undefined {
  const [, secret] = /^bearer +(\S+)$/i.exec(headers.authorization ?? "") ?? [];
  if (secret === undefined) return undefined;
  try {
    return credentialOfText(secret);
  } catch {
    return undefined;
  }
}
