import { type EntityManager, IsNull, type SelectQueryBuilder } from "typeorm";
import type { AccessNotifier } from "../../auth/access-notifier";
import {
  type AdminCaller,
  administrator,
  type AdministratorIdentity,
  type Caller,
  type CallerLimits,
  type KeyCaller,
} from "../../auth/caller";
import { grantsOf } from "../../auth/permissions";
import type { Database } from "../../platform/database/database";
import { PreparedQuery } from "../../platform/database/prepared-query";
import { addressRefused, keyRevoked, malformedCredential, unauthenticated, unavailable } from "../../errors";
import { isInAll } from "../../platform/inbound/address-list";
import type { KeyLimits } from "../scope/key-limits.entity";
import { Scope } from "../scope/scope.entity";
import type { ScopePermissions } from "../scope/permissions.entity";
import { ApiKey } from "./api-key.entity";
import { endOfRotation } from "./ended-keys";
import { auditedRevocation } from "./audited-key";
import type { AuditLog } from "../audit/audit-log";
import type { AuditRefusals, Refusal } from "../audit/audit-refusals";
import { AuditTrail } from "../audit/audit-trail";
import type { KeyUsage } from "./key-usage";
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
  /** @param db must not be occupied by what callers do */
  constructor(
    private readonly db: Database,
    private readonly adminKey: string,
    private readonly usage: KeyUsage,
    private readonly accessNotifier: AccessNotifier,
    private readonly administrators: AdministratorDirectory,
    private readonly console: ConsoleDirectory,
    private readonly audit: { readonly auditLog: AuditLog; readonly refusals: AuditRefusals },
  ) {}

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
    if (caller.kind === "API_KEY") return this.holderOfKey(caller.keyId);
    return caller.identity === null
      ? caller
      : sameCredential(caller, await this.administrators.current(caller.identity));
  }

  /** The same for many callers, in their order. */
  async currentOf(callers: readonly Caller[]): Promise<(Caller | undefined)[]> {
    const inConsole = callers.filter((caller) => caller.console);
    const others = callers.filter((caller) => !caller.console);
    const [holders, administrators, ofConsole] = await Promise.all([
      this.holdersOfKeys(others.flatMap((caller) => (caller.kind === "API_KEY" ? [caller.keyId] : []))),
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
    if (caller.kind === "API_KEY") return this.holderWithin(manager, caller);
    if (caller.identity === null) return caller;
    return sameCredential(caller, await this.administrators.currentWithin(manager, caller.identity));
  }

  /** The current holder of the credential that created something earlier, such as a link; undefined if it is revoked. */
  async holderOf(holder: { readonly keyId: string } | AdministratorIdentity): Promise<Caller | undefined> {
    return "keyId" in holder ? this.holderOfKey(holder.keyId) : this.administrators.current(holder);
  }

  private async holderOfKey(keyId: string): Promise<Caller | undefined> {
    const apiKey = await keyById.one(this.db.lookup, { keyId }).catch(throwUnavailable);
    const [found] = withScope(apiKey);
    return found && !isRevoked(found) ? holder(found) : undefined;
  }

  /**
   * The current holder of a caller's key, as part of a transaction. Locks the rows of key and scope against changes until
   * it ends, in the order in which a deletion of the scope changes them.
   *
   * @returns undefined if the key is revoked
   */
  private async holderWithin(
    manager: EntityManager,
    { keyId, scopeId, limits }: KeyCaller,
  ): Promise<Caller | undefined> {
    const query = manager
      .createQueryBuilder(Scope, "scope")
      .innerJoinAndMapOne("scope.lockedKey", ApiKey, "apiKey", "apiKey.id = :keyId AND apiKey.scopeId = scope.id")
      .where("scope.id = :scopeId", { keyId, scopeId });
    const scope = (await this.db.share(query).getOne()) as (Scope & { readonly lockedKey: ApiKey }) | null;
    if (!scope) return undefined;
    // Without the row of the app: the operation may lock it for changes, which two that share it could not both do.
    const found = { apiKey: scope.lockedKey, scope, appLimits: limits.app };
    return isRevoked(found) ? undefined : holder(found);
  }

  /**
   * The current holders of many keys, without those that are revoked. Ids may occur more than once.
   *
   * @throws UNAVAILABLE if the database does not answer
   */
  private async holdersOfKeys(keyIds: readonly string[]): Promise<ReadonlyMap<string, Caller>> {
    const holders = new Map<string, Caller>();
    const uniqueIds = [...new Set(keyIds)];
    for (let from = 0; from < uniqueIds.length; from += batchSize) {
      const ids = uniqueIds.slice(from, from + batchSize);
      const keys = await keysIn(this.db.read)
        .where("apiKey.id IN (:...ids)", { ids })
        .getMany()
        .catch(throwUnavailable);
      for (const found of keys.flatMap(withScope)) if (!isRevoked(found)) holders.set(found.apiKey.id, holder(found));
    }
    return holders;
  }

  private async holderOfSecret({ secret, address }: PresentedCredential): Promise<Caller> {
    const fault = secretFault(secret);
    if (fault !== undefined) throw malformedCredential(fault);
    const digest = digestOf(secret);
    const apiKey = await keyByDigest.one(this.db.lookup, { digest }).catch(throwUnavailable);
    const [found] = withScope(apiKey);
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
    const caller = holder(found);
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
      .catch(throwUnavailable);
    await this.accessNotifier.notify({ keyId: predecessorId });
  }
}

const identitiesOf = (caller: Caller): AdministratorIdentity[] =>
  caller.kind === "ADMIN" && caller.identity !== null ? [caller.identity] : [];

/** The administrator as it is now, whose credential ends when it did before. */
function sameCredential({ endsAt }: AdminCaller, now: AdminCaller | undefined): AdminCaller | undefined {
  return now && !(endsAt !== null && endsAt.getTime() <= Date.now()) ? { ...now, endsAt } : undefined;
}

/** All of them, which the compiler checks: a limit that is not read does not hold. */
const limitColumns = Object.keys({
  requestsPerSecond: true,
  requestBurst: true,
  tokensPerDay: true,
  runsAtOnce: true,
} satisfies Record<keyof KeyLimits, true>);
const keyColumns = ["id", "appId", "scopeId", "name", "tripwire", "allowedAddresses"];
const endColumns = ["revokedAt", "revokesAt", "endsOnUse"];
/** All of them, which the compiler checks: a permission that is not read is one that no key has. */
const permissionColumns = Object.keys({
  agents: true,
  runtime: true,
  sessions: true,
  agentAccess: true,
  agentIds: true,
  keys: true,
} satisfies Record<keyof ScopePermissions, true>);

/**
 * A query builder, because findOne() with a relation takes two statements. This runs in every request, so it reads only
 * what a caller is made of.
 */
const keysIn = (manager: EntityManager): SelectQueryBuilder<ApiKey> =>
  manager
    .createQueryBuilder(ApiKey, "apiKey")
    .innerJoin("apiKey.joinedScope", "scope")
    .innerJoin("scope.joinedApp", "app")
    .select([
      ...[...keyColumns, ...endColumns].map((name) => `apiKey.${name}`),
      ...limitColumns.map((name) => `apiKey.limits.${name}`),
      ...["id", "allowedAddresses", "deletedAt"].map((name) => `scope.${name}`),
      ...permissionColumns.map((name) => `scope.permissions.${name}`),
      ...limitColumns.map((name) => `scope.limits.${name}`),
      "app.id",
      "app.limits.requestsPerSecond",
      "app.limits.requestBurst",
      "app.limits.openStreams",
      "app.limits.waitingExecutions",
    ]);

const keyById = new PreparedQuery(["keyId"], (manager: EntityManager, values) =>
  keysIn(manager).where("apiKey.id = :keyId", values),
);
const keyByDigest = new PreparedQuery(["digest"], (manager: EntityManager, values) =>
  keysIn(manager).where("apiKey.digest = :digest", values),
);

/** Keys per statement. */
const batchSize = 500;

function throwUnavailable(error: unknown): never {
  throw unavailable(error);
}

interface KeyWithScope {
  readonly apiKey: ApiKey;
  readonly scope: Scope;
  readonly appLimits: CallerLimits["app"];
}

const withScope = (apiKey: ApiKey | null): KeyWithScope[] =>
  apiKey?.joinedScope?.joinedApp
    ? [{ apiKey, scope: apiKey.joinedScope, appLimits: apiKey.joinedScope.joinedApp.limits }]
    : [];

const isRevoked = ({ apiKey, scope }: KeyWithScope): boolean => apiKey.endedAt !== null || scope.deletedAt !== null;

function holder({ apiKey, scope, appLimits }: KeyWithScope): KeyCaller {
  const { id, name, scopeId, appId, revokesAt } = apiKey;
  const { permissions } = scope;
  const { sessions, agentAccess } = permissions;
  // With anything but ALL, also with what a later version may know, the list alone decides.
  const agentIds = agentAccess === "ALL" ? null : permissions.agentIds;
  const limits = { key: apiKey.limits, scope: scope.limits, app: appLimits };
  const granted = grantsOf(permissions);
  const allowedAddresses = [scope.allowedAddresses, apiKey.allowedAddresses];
  return {
    kind: "API_KEY",
    name,
    granted,
    keyId: id,
    scopeId,
    appId,
    sessions,
    agentIds,
    limits,
    allowedAddresses,
    endsAt: revokesAt,
  };
}
