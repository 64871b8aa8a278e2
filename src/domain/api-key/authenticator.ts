import { type EntityManager, IsNull } from "typeorm";
import type { AccessNotifier } from "../../auth/access-notifier";
import { type AdminCaller, administrator, type AdministratorIdentity, type Caller } from "../../auth/caller";
import type { Database } from "../../platform/database/database";
import { addressRefused, keyRevoked, malformedCredential, unauthenticated, unavailable } from "../../errors";
import { isInAll } from "../../platform/inbound/address-list";
import { ApiKey } from "./api-key.entity";
import { endOfRotation } from "./ended-keys";
import { auditedRevocation } from "./audited-key";
import type { AuditLog } from "../audit/audit-log";
import type { AuditRefusals, Refusal } from "../audit/audit-refusals";
import { AuditTrail } from "../audit/audit-trail";
import type { KeyUsage } from "./key-usage";
import { holderOf, isRevoked, KeyHolders } from "./key-holders";
import { digestOf, isQuoted, isSameSecret, secretFault } from "./secret";

/** A credential as it was sent, before it is verified. */
export interface Credential {
  readonly kind: "ADMIN_KEY" | "ADMINISTRATOR_KEY" | "API_KEY" | "CONSOLE_SESSION" | "TOKEN";
  readonly secret: string;
  /** The scope as whose key the caller wants to be treated; for a session of the console alone. */
  readonly scopeId?: string;
}

/** A credential with the address of the client that sent it. */
export type PresentedCredential = Credential & { readonly address: string };

/** A caller as of a number of access changes in this process. */
export interface Identity {
  readonly caller: Caller;
  readonly asOf: number;
}

/** Finds administrators by name as they are now. */
export interface AdministratorDirectory {
  /** @throws UNAUTHENTICATED, as Authenticator.authenticate() does; UNAVAILABLE */
  ofSecret(secret: string): Promise<AdminCaller>;
  /** The same for a token of an OpenID Connect issuer. @throws UNAUTHENTICATED also if none is configured */
  ofToken(token: string, address: string): Promise<AdminCaller>;
  /** @returns undefined if the administrator is revoked, or its key was replaced. @throws UNAVAILABLE */
  current(identity: AdministratorIdentity): Promise<AdminCaller | undefined>;
  /** The same for many, in their order. */
  currentOf(identities: readonly AdministratorIdentity[]): Promise<(AdminCaller | undefined)[]>;
  /** The same as part of a transaction, which holds the administrator as it is until it ends. */
  currentWithin(manager: EntityManager, identity: AdministratorIdentity): Promise<AdminCaller | undefined>;
}

/** Finds who is signed in at the console. */
export interface ConsoleDirectory {
  /** @throws UNAUTHENTICATED, as Authenticator.authenticate() does; NOT_FOUND and FORBIDDEN for the scope; UNAVAILABLE */
  ofToken(credential: Credential): Promise<Caller>;
  /** @returns undefined if the session is over, or the administrator is revoked. @throws UNAVAILABLE */
  current(caller: Caller): Promise<Caller | undefined>;
  /** The same as part of a transaction, which holds the session as it is until it ends. */
  currentWithin(manager: EntityManager, caller: Caller): Promise<Caller | undefined>;
}

/** Turns a credential into a caller. Queries the database each time and caches nothing, so that revocation is immediate, as is the end of an overlap. */
export class Authenticator {
  private readonly holders: KeyHolders;

  /** @param db must not be occupied by what callers do */
  constructor(
    private readonly db: Database,
    private readonly adminKey: string,
    private readonly usage: KeyUsage,
    private readonly accessNotifier: AccessNotifier,
    private readonly administrators: AdministratorDirectory,
    private readonly console: ConsoleDirectory,
    private readonly audit: { readonly auditLog: AuditLog; readonly refusals: AuditRefusals },
  ) {
    this.holders = new KeyHolders(db);
  }

  /** The number of access changes so far. An identity as of an earlier number must be established again. */
  get changeCount(): number {
    return this.accessNotifier.changeCount;
  }

  /** @throws as authenticate() does */
  async identify(credential: PresentedCredential): Promise<Identity> {
    const asOf = this.changeCount;
    return { caller: await this.authenticate(credential), asOf };
  }

  /**
   * @throws UNAUTHENTICATED, the same for every well-formed credential that is invalid; with a reason for one whose form
   *   rules it out, and with the reason KEY_REVOKED or ADMINISTRATOR_REVOKED for the secret of what is revoked
   * @throws FORBIDDEN with the reason ADDRESS if the key may not be used from the address
   * @throws UNAVAILABLE if the database does not answer
   */
  async authenticate(credential: PresentedCredential): Promise<Caller> {
    if (credential.kind === "API_KEY") return this.holderOfSecret(credential);
    if (credential.kind === "CONSOLE_SESSION") return this.console.ofToken(credential);
    if (credential.kind === "ADMINISTRATOR_KEY") return this.administrators.ofSecret(credential.secret);
    if (credential.kind === "TOKEN" && !this.isAdministrator(credential))
      return this.administrators.ofToken(credential.secret, credential.address);
    // The administrator's key may begin and end with quotes.
    if (!this.isAdministrator(credential))
      throw isQuoted(credential.secret) ? malformedCredential("QUOTED") : unauthenticated();
    return administrator;
  }

  isAdministrator({ kind, secret }: Credential): boolean {
    // The root key may look like a token.
    return (kind === "ADMIN_KEY" || kind === "TOKEN") && isSameSecret(secret, this.adminKey);
  }

  /**
   * A caller as it is now, also one that another process identified earlier.
   *
   * @returns undefined if its access was revoked, or has ended
   * @throws UNAVAILABLE if the database does not answer
   */
  async current(caller: Caller): Promise<Caller | undefined> {
    if (caller.console) return this.console.current(caller);
    if (caller.kind === "API_KEY") return this.holders.current(caller.keyId);
    return caller.identity === null
      ? caller
      : sameCredential(caller, await this.administrators.current(caller.identity));
  }

  /** The same for many callers, in their order. */
  async currentOf(callers: readonly Caller[]): Promise<(Caller | undefined)[]> {
    const inConsole = callers.filter((caller) => caller.console);
    const others = callers.filter((caller) => !caller.console);
    const [holders, administrators, ofConsole] = await Promise.all([
      this.holders.currentOf(others.flatMap((caller) => (caller.kind === "API_KEY" ? [caller.keyId] : []))),
      this.administrators.currentOf(others.flatMap(identitiesOf)),
      Promise.all(inConsole.map((caller) => this.console.current(caller))),
    ]);
    const found = administrators.values();
    const foundInConsole = ofConsole.values();
    return callers.map((caller) => {
      if (caller.console) return foundInConsole.next().value;
      if (caller.kind === "API_KEY") return holders.get(caller.keyId);
      return caller.identity === null ? caller : sameCredential(caller, found.next().value);
    });
  }

  /** The same as part of a transaction. Locks what the rights come from against changes until it ends. */
  async currentWithin(manager: EntityManager, caller: Caller): Promise<Caller | undefined> {
    if (caller.console) return this.console.currentWithin(manager, caller);
    if (caller.kind === "API_KEY") return this.holders.currentWithin(manager, caller);
    if (caller.identity === null) return caller;
    return sameCredential(caller, await this.administrators.currentWithin(manager, caller.identity));
  }

  /** The current holder of the credential that created something earlier, such as a link; undefined if it is revoked. */
  async holderOf(holder: { readonly keyId: string } | AdministratorIdentity): Promise<Caller | undefined> {
    return "keyId" in holder ? this.holders.current(holder.keyId) : this.administrators.current(holder);
  }

  private async holderOfSecret({ secret, address }: PresentedCredential): Promise<Caller> {
    const fault = secretFault(secret);
    if (fault !== undefined) throw malformedCredential(fault);
    const found = await this.holders.withDigest(digestOf(secret));
    if (!found) throw unauthenticated();
    const refuse = (refusal: Refusal) =>
      this.audit.refusals.record(refusal, { ...found.apiKey, keyId: found.apiKey.id }, { address, requestId: null });
    if (found.apiKey.tripwire && !isRevoked(found)) {
      refuse("TRIP_API_KEY");
      // A stranger that has found it must not learn what it is.
      throw unauthenticated();
    }
    if (isRevoked(found)) {
      refuse("REFUSE_REVOKED_KEY");
      throw keyRevoked();
    }
    const caller = holderOf(found);
    if (!isInAll(caller.allowedAddresses, address)) {
      refuse("REFUSE_ADDRESS");
      throw addressRefused(address);
    }
    this.usage.record(found.apiKey.id, address);
    if (found.apiKey.endsOnUse !== null) await this.endPredecessor(found.apiKey, found.apiKey.endsOnUse, address);
    return caller;
  }

  /** The first use of a key whose predecessor ends then. */
  private async endPredecessor({ id, name }: ApiKey, predecessorId: string, address: string): Promise<void> {
    const end = { revokedAt: new Date(), ...endOfRotation, revokedReason: null };
    const trail = new AuditTrail(this.audit.auditLog, { kind: "API_KEY", id, name }, { address, requestId: null });
    await this.db
      .transaction(async (manager) => {
        const predecessor = await this.db.lock(manager, ApiKey, { id: predecessorId, revokedAt: IsNull() });
        if (predecessor) {
          await manager.update(ApiKey, { id: predecessorId }, end);
          trail.record(manager, "END_API_KEY", auditedRevocation(predecessor, end));
        }
        await manager.update(ApiKey, { id }, { endsOnUse: null });
      })
      .catch((error: unknown) => {
        throw unavailable(error);
      });
    await this.accessNotifier.notify({ keyId: predecessorId });
  }
}

const identitiesOf = (caller: Caller): AdministratorIdentity[] =>
  caller.kind === "ADMIN" && caller.identity !== null ? [caller.identity] : [];

/** The administrator as it is now, whose credential ends when it did before. */
function sameCredential({ endsAt }: AdminCaller, now: AdminCaller | undefined): AdminCaller | undefined {
  return now && !(endsAt !== null && endsAt.getTime() <= Date.now()) ? { ...now, endsAt } : undefined;
}
