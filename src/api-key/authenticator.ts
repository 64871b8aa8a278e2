import { administrator, type Caller } from "../auth/caller";
import { grantsOf } from "../auth/permissions";
import type { Database } from "../database/database";
import { keyRevoked, unauthenticated, unavailable } from "../errors";
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

  private async holderOf(secret: string): Promise<Caller> {
    if (!isWellFormed(secret)) throw unauthenticated();

    // By query builder, as findOne() with a relation would take two statements, and this runs in every request.
    const apiKey = await this.db.read
      .createQueryBuilder(ApiKey, "apiKey")
      .innerJoinAndSelect("apiKey.joinedScope", "scope")
      .where("apiKey.digest = :digest", { digest: digestOf(secret) })
      .getOne()
      .catch((error: unknown) => {
        throw unavailable(error);
      });
    if (!apiKey?.joinedScope) throw unauthenticated();
    if (apiKey.revokedAt || apiKey.joinedScope.deletedAt) throw keyRevoked();

    this.usage.used(apiKey.id);
    const { id, name, scopeId, appId, joinedScope } = apiKey;
    return { kind: "API_KEY", name, granted: grantsOf(joinedScope.permissions), keyId: id, scopeId, appId };
  }
}
