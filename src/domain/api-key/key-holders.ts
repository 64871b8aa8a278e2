import type { EntityManager, SelectQueryBuilder } from "typeorm";
import type { CallerLimits, KeyCaller } from "../../auth/caller";
import { grantsOf } from "../../auth/permissions";
import { unavailable } from "../../errors";
import type { Database } from "../../platform/database/database";
import { PreparedQuery } from "../../platform/database/prepared-query";
import type { KeyLimits } from "../scope/key-limits.entity";
import type { ScopePermissions } from "../scope/permissions.entity";
import { Scope } from "../scope/scope.entity";
import { ApiKey } from "./api-key.entity";

/** Keys per statement. */
const batchSize = 500;

/** A key with all that decides what its holder may do. */
export interface KeyWithScope {
  readonly apiKey: ApiKey;
  readonly scope: Scope;
  readonly appLimits: CallerLimits["app"];
}

/** Finds the holders of keys as they are now. Queries the database each time and caches nothing. */
export class KeyHolders {
  /**
   * Without the row of the app: the operation may lock it for changes, which two that share it could not both do. The
   * scope comes first, as a deletion of the scope changes the rows in this order.
   */
  private readonly sharedKey = new PreparedQuery(["keyId", "scopeId"], (manager: EntityManager, values) =>
    this.db.share(
      manager
        .createQueryBuilder(Scope, "scope")
        .innerJoin(ApiKey, "apiKey", "apiKey.id = :keyId AND apiKey.scopeId = scope.id")
        .select(holderColumns)
        .where("scope.id = :scopeId")
        .setParameters(values),
    ),
  );

  constructor(private readonly db: Database) {}

  /** Also one that is revoked. @throws UNAVAILABLE if the database does not answer */
  async withDigest(digest: Buffer): Promise<KeyWithScope | undefined> {
    const [found] = withScope(await keyByDigest.one(this.db.lookup, { digest }).catch(throwUnavailable));
    return found;
  }

  /** @returns undefined if the key is revoked. @throws UNAVAILABLE if the database does not answer */
  async current(keyId: string): Promise<KeyCaller | undefined> {
    const apiKey = await keyById.one(this.db.lookup, { keyId }).catch(throwUnavailable);
    const [found] = withScope(apiKey);
    return found && !isRevoked(found) ? holderOf(found) : undefined;
  }

  /**
   * The current holder of a caller's key, as part of a transaction. Locks the rows of key and scope against changes until
   * it ends.
   *
   * @returns undefined if the key is revoked
   */
  async currentWithin(manager: EntityManager, { keyId, scopeId, limits }: KeyCaller): Promise<KeyCaller | undefined> {
    const row = await this.sharedKey.joined(manager, { keyId, scopeId }, ["scope", "apiKey"]);
    if (!row) return undefined;
    const { scope, apiKey } = row.entities;
    const found = { apiKey: apiKey as ApiKey, scope: scope as Scope, appLimits: limits.app };
    return isRevoked(found) ? undefined : holderOf(found);
  }

  /**
   * The current holders of many keys, without those that are revoked. Ids may occur more than once.
   *
   * @throws UNAVAILABLE if the database does not answer
   */
  async currentOf(keyIds: readonly string[]): Promise<ReadonlyMap<string, KeyCaller>> {
    const holders = new Map<string, KeyCaller>();
    const uniqueIds = [...new Set(keyIds)];
    for (let from = 0; from < uniqueIds.length; from += batchSize) {
      const ids = uniqueIds.slice(from, from + batchSize);
      const keys = await keysIn(this.db.read)
        .where("apiKey.id IN (:...ids)", { ids })
        .getMany()
        .catch(throwUnavailable);
      for (const found of keys.flatMap(withScope)) if (!isRevoked(found)) holders.set(found.apiKey.id, holderOf(found));
    }
    return holders;
  }
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

/** All that a caller is made of, but for the limits of the app. */
const holderColumns = [
  ...[...keyColumns, ...endColumns].map((name) => `apiKey.${name}`),
  ...limitColumns.map((name) => `apiKey.limits.${name}`),
  ...["id", "allowedAddresses", "deletedAt"].map((name) => `scope.${name}`),
  ...permissionColumns.map((name) => `scope.permissions.${name}`),
  ...limitColumns.map((name) => `scope.limits.${name}`),
];

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
      ...holderColumns,
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

function throwUnavailable(error: unknown): never {
  throw unavailable(error);
}

const withScope = (apiKey: ApiKey | null): KeyWithScope[] =>
  apiKey?.joinedScope?.joinedApp
    ? [{ apiKey, scope: apiKey.joinedScope, appLimits: apiKey.joinedScope.joinedApp.limits }]
    : [];

export const isRevoked = ({ apiKey, scope }: KeyWithScope): boolean =>
  apiKey.endedAt !== null || scope.deletedAt !== null;

export function holderOf({ apiKey, scope, appLimits }: KeyWithScope): KeyCaller {
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
