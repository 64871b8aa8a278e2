import { administrator, type Caller } from "../auth/caller";
import { grantsOf } from "../auth/permissions";
import type { Database } from "../database/database";
import { keyRevoked, unauthenticated, unavailable } from "../errors";
import type { Scope } from "../scope/scope.entity";
import { ApiKey } from "./api-key.entity";
import type { KeyUsage } from "./key-usage";
import { digestOf, isSameSecret, isWellFormed } from "./secret";

/** A credential as it was sent, not yet believed. */
export type Credential =
  { readonly kind: "ADMIN_KEY"; readonly secret: string } | { readonly kind: "API_KEY"; readonly secret: string };

/** Turns a credential into a caller. The database is asked each time: nothing here remembers who was allowed. */
export class Authenticator {
  constructor(
    private readonly db: Database,
    private readonly adminKey: string,
    private readonly usage: KeyUsage,
  ) {}

  /**
   * @throws UNAUTHENTICATED, the same for whatever is not valid; with the reason KEY_REVOKED for who holds the secret.
   * UNAVAILABLE where the database does not say who it is
   */
  async authenticate(credential: Credential): Promise<Caller> {
    if (credential.kind === "API_KEY") return this.holderOf(credential.secret);
    if (!isSameSecret(credential.secret, this.adminKey)) throw unauthenticated();
    return administrator;
  }

  /** The holder of a key as they are now, for what was put into their hands before; undefined where it is revoked. */
  async holderOfKey(keyId: string): Promise<Caller | undefined> {
    const found = await this.find("id", keyId);
    return found && !isRevoked(found) ? holder(found) : undefined;
  }

  private async holderOf(secret: string): Promise<Caller> {
    if (!isWellFormed(secret)) throw unauthenticated();
    const found = await this.find("digest", digestOf(secret));
    if (!found) throw unauthenticated();
    if (isRevoked(found)) throw keyRevoked();
    this.usage.used(found.apiKey.id);
    return holder(found);
  }

  private async find(column: "id" | "digest", value: unknown): Promise<KeyWithScope | undefined> {
    // By query builder, as findOne() with a relation would take two statements, and this runs in every request.
    const apiKey = await this.db.read
      .createQueryBuilder(ApiKey, "apiKey")
      .innerJoinAndSelect("apiKey.joinedScope", "scope")
      .where(`apiKey.${column} = :value`, { value })
      .getOne()
      .catch((error: unknown) => {
        throw unavailable(error);
      });
    const scope = apiKey?.joinedScope;
    return scope && { apiKey, scope };
  }
}

interface KeyWithScope {
  readonly apiKey: ApiKey;
  readonly scope: Scope;
}

const isRevoked = ({ apiKey, scope }: KeyWithScope): boolean => apiKey.revokedAt !== null || scope.deletedAt !== null;

function holder({ apiKey, scope }: KeyWithScope): Caller {
  const { id, name, scopeId, appId } = apiKey;
  return { kind: "API_KEY", name, granted: grantsOf(scope.permissions), keyId: id, scopeId, appId };
}
