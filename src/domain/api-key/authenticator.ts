import type { SelectQueryBuilder } from "typeorm";
import { administrator, type Caller } from "../../auth/caller";
import { grantsOf } from "../../auth/permissions";
import type { Database } from "../../platform/database/database";
import { keyRevoked, unauthenticated, unavailable } from "../../errors";
import type { Scope } from "../scope/scope.entity";
import { ApiKey } from "./api-key.entity";
import type { KeyUsage } from "./key-usage";
import { digestOf, isSameSecret, isWellFormed } from "./secret";

/** A credential as it was sent, before it is verified. */
export type Credential =
  { readonly kind: "ADMIN_KEY"; readonly secret: string } | { readonly kind: "API_KEY"; readonly secret: string };

/** Turns a credential into a caller. Queries the database each time and caches nothing, so that revocation is immediate. */
export class Authenticator {
  constructor(
    private readonly db: Database,
    private readonly adminKey: string,
    private readonly usage: KeyUsage,
  ) {}

  /**
   * @throws UNAUTHENTICATED, the same for every invalid credential; with the reason KEY_REVOKED for the secret of a
   * revoked key
   * @throws UNAVAILABLE if the database does not answer
   */
  async authenticate(credential: Credential): Promise<Caller> {
    if (credential.kind === "API_KEY") return this.holderOf(credential.secret);
    if (!isSameSecret(credential.secret, this.adminKey)) throw unauthenticated();
    return administrator;
  }

  /** The current holder of the key that created something earlier, such as a link; undefined if the key is revoked. */
  async holderOfKey(keyId: string): Promise<Caller | undefined> {
    const apiKey = await keysIn(this.db).where("apiKey.id = :keyId", { keyId }).getOne().catch(throwUnavailable);
    const [found] = withScope(apiKey);
    return found && !isRevoked(found) ? holder(found) : undefined;
  }

  /**
   * The current holders of many keys, without those that are revoked. Ids may occur more than once. Uses the background
   * connections, so that requests do not wait for it.
   *
   * @throws UNAVAILABLE if the database does not answer
   */
  async holdersOfKeys(keyIds: readonly string[]): Promise<ReadonlyMap<string, Caller>> {
    const holders = new Map<string, Caller>();
    const uniqueIds = [...new Set(keyIds)];
    for (let from = 0; from < uniqueIds.length; from += batchSize) {
      const ids = uniqueIds.slice(from, from + batchSize);
      const keys = await keysIn(this.db.background)
        .where("apiKey.id IN (:...ids)", { ids })
        .getMany()
        .catch(throwUnavailable);
      for (const found of keys.flatMap(withScope)) if (!isRevoked(found)) holders.set(found.apiKey.id, holder(found));
    }
    return holders;
  }

  private async holderOf(secret: string): Promise<Caller> {
    if (!isWellFormed(secret)) throw unauthenticated();
    const digest = digestOf(secret);
    const apiKey = await keysIn(this.db).where("apiKey.digest = :digest", { digest }).getOne().catch(throwUnavailable);
    const [found] = withScope(apiKey);
    if (!found) throw unauthenticated();
    if (isRevoked(found)) throw keyRevoked();
    this.usage.record(found.apiKey.id);
    return holder(found);
  }
}

/** A query builder, because findOne() with a relation takes two statements and this runs in every request. */
const keysIn = ({ read }: Database): SelectQueryBuilder<ApiKey> =>
  read.createQueryBuilder(ApiKey, "apiKey").innerJoinAndSelect("apiKey.joinedScope", "scope");

/** Keys per statement. */
const batchSize = 500;

function throwUnavailable(error: unknown): never {
  throw unavailable(error);
}

interface KeyWithScope {
  readonly apiKey: ApiKey;
  readonly scope: Scope;
}

const withScope = (apiKey: ApiKey | null): KeyWithScope[] =>
  apiKey?.joinedScope ? [{ apiKey, scope: apiKey.joinedScope }] : [];

const isRevoked = ({ apiKey, scope }: KeyWithScope): boolean => apiKey.revokedAt !== null || scope.deletedAt !== null;

function holder({ apiKey, scope }: KeyWithScope): Caller {
  const { id, name, scopeId, appId } = apiKey;
  return { kind: "API_KEY", name, granted: grantsOf(scope.permissions), keyId: id, scopeId, appId };
}
